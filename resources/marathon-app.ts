import { z } from 'zod'
import { messageOf } from '../protocol/errors.ts'
import type { Change } from '../protocol/events.ts'
import { isRecord } from '../protocol/is-record.ts'
import { defineResource } from './define.ts'
import { type Host, Unforeseeable } from './host.ts'
import { Url, urlProblem, webProps } from './web/http-client.ts'
import { JsonObject, lackingOf } from './web/json-subset.ts'
import { type App, assertOver, assertUp, deleteApp, findApp, putApp } from './web/marathon-client.ts'
import { unanswered, until, whyUnanswered, withinFromNow } from './web/not-now.ts'

const segment = '[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*'
const AppId = z
  .string()
  .regex(
    new RegExp(`^(/${segment})+$`),
    'must be the path of an app, such as /shop/web, without capitals and underscores',
  )
  .refine((id) => !/\/(restart|tasks|versions)$/.test(id), 'cannot end in restart, tasks or versions')

/** What Marathon takes and gives back otherwise, so that it would differ for ever: what to write instead. */
const elsewise: Record<string, string> = {
  id: 'nothing: the id is the name of the resource',
  version: 'nothing: Marathon would go back to that version',
  uris: 'fetch',
  ports: 'portDefinitions',
  ipAddress: 'networks',
  'container.docker.network': 'networks',
  'container.docker.portMappings': 'container.portMappings',
}

const Props = z.strictObject({
  ensure: z
    .enum(['present', 'absent'])
    .default('present')
    .describe('Whether the app is to be there; else it is deleted.'),
  servers: z
    .array(Url)
    .min(1)
    .describe("Marathon's servers, such as http://10.0.0.5:8080; the first that answers and has a leader is used."),
  app: JsonObject.optional().describe(
    'The app, as PUT to /v2/apps. Only what is named here is compared and changed; `env` and `labels` as a whole.',
  ),
  withinMs: z
    .int()
    .min(1000)
    .max(86_400_000)
    .default(300_000)
    .describe('How long it may take until the deployment is done and all tasks run and are healthy.'),
  force: z
    .boolean()
    .default(false)
    .describe('Whether a deployment that is under way is overridden; else it is waited for.'),
  ...webProps,
})
type Want = z.infer<typeof Props>

export const marathonApp = defineResource({
  type: 'marathon_app',
  summary:
    'An app of Marathon 1.5 or later: it is PUT when it differs, and the deployment is waited for. Marathon itself cannot be had for our tests; they use a stand-in that answers as the sources of 1.5 to 1.11 do.',
  example: `marathon_app('/shop/web', {
  servers: ['http://127.0.0.1:8080'],
  app: {
    cmd: 'python3 -m http.server $PORT0',
    cpus: 0.1,
    mem: 64,
    instances: 2,
    healthChecks: [{ protocol: 'MESOS_HTTP', path: '/' }],
  },
})`,
  name: AppId,
  seesWhatRuns: true,
  props: Props,
  problem: problemOf,
  check: look,

  async apply(id, want, host) {
    const within = withinFromNow(want.withinMs)
    const { app = {}, force } = want
    const found = await until(`${id} to be told of`, within, () => findApp(id, want, host))
    const change = changeOf(found, want)
    const deployment = await until(`${id} to be changed`, within, async () => {
      if (change === 'delete') return deleteApp(id, force, want, host)
      return change === 'put' ? putApp(id, app, force, want, host) : undefined
    })
    await until(`${id} to come up`, within, async () => {
      if (deployment !== undefined) await assertOver(deployment, want, host)
      if (want.ensure === 'present') assertUp(await findApp(id, want, host))
    })
  },

  effects(id, _want, _foreseen, changes) {
    const why = whyUnanswered(changes)
    if (why !== undefined) throw new Unforeseeable(`Marathon does not say how ${id} is: ${why}`)
  },
})

const comparing = {
  isExact: (path: string) => path === 'env' || path === 'labels',
  // Zero asks Marathon to choose.
  isAny: (path: string, want: unknown) => want === 0 && /\.servicePort$|^portDefinitions\.\d+\.port$/.test(path),
}

function problemOf(_id: string, { ensure, app, servers, insecure }: Want) {
  if (ensure === 'present' && !app) return 'must say what it is: `app`.'
  const old = Object.keys(elsewise).find((path) => inside(app, path.split('.')) !== undefined)
  if (old !== undefined) return `has ${old} in its app. Write ${elsewise[old]}.`
  return servers.map((server) => urlProblem(server, insecure)).find((problem) => problem !== undefined)
}

function inside(value: unknown, [key, ...rest]: string[]): unknown {
  if (key === undefined) return value
  return isRecord(value) ? inside(value[key], rest) : undefined
}

async function look(id: string, want: Want, host: Host): Promise<Change[]> {
  try {
    const app = await findApp(id, want, host)
    const ensure = app ? 'present' : 'absent'
    if (want.ensure === 'absent' || !app)
      return ensure === want.ensure ? [] : [{ what: 'ensure', from: ensure, to: want.ensure }]
    const underWay = app.deployments.map(({ id: deployment }) => deployment).join(', ')
    return [
      ...lackingOf(app, want.app, comparing),
      ...(underWay ? [{ what: 'deployment', from: `${underWay} under way`, to: 'done' }] : []),
    ]
  } catch (error) {
    return unanswered(messageOf(error))
  }
}

function changeOf(app: App | undefined, want: Want) {
  if (want.ensure === 'absent') return 'delete'
  return !app || lackingOf(app, want.app, comparing).length > 0 ? 'put' : 'nothing'
}
