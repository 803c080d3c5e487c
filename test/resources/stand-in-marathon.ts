import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { isRecord } from '../../protocol/is-record.ts'

interface Kept {
  definition: Record<string, unknown>
  version: string
  deployment?: string
  running: number
}

interface Behaviour {
  /** How long a deployment takes; one of an app whose cmd is `false` never ends well. */
  deploymentMs?: number
  /** Told of each request. */
  told?: (line: string) => void
  /** A leader is known; otherwise each request is a 502. */
  hasLeader?: () => boolean
}

/**
 * Answers as Marathon 1.5 to 1.11 does, by what its sources say: defaults filled in, old spellings normalized, a deployment for each change, the app
 * locked while one goes on, POST of what is there refused.
 */
export function standInMarathon({ deploymentMs = 50, told, hasLeader = () => true }: Behaviour = {}) {
  const apps = new Map<string, Kept>()
  const deployments = new Map<string, string>()
  const begin = (id: string, end: () => void, ms = deploymentMs) => {
    const deployment = randomUUID()
    deployments.set(deployment, id)
    setTimeout(() => {
      deployments.delete(deployment)
      end()
    }, ms).unref()
    return { version: new Date().toISOString(), deploymentId: deployment }
  }
  const locked = (id: string) => [...deployments].find(([, app]) => app === id)?.[0]

  const put = (id: string, given: Record<string, unknown>, force: boolean): [number, unknown] => {
    const lock = locked(id)
    if (lock !== undefined && !force)
      return [
        409,
        { message: 'App is locked by one or more deployments. Override with …', deployments: [{ id: lock }] },
      ]
    if ('version' in given) return [422, { message: 'the test sent a version, which goes back to it' }]
    if (/[A-Z_]/.test(id))
      return [422, { message: 'Object is not valid', details: [{ path: '/id', errors: ['bad id'] }] }]
    const before = apps.get(id)
    const definition = canonical({ ...before?.definition, ...given, id })
    const isSame = JSON.stringify(before?.definition) === JSON.stringify(definition)
    const kept: Kept = { definition, version: new Date().toISOString(), running: before?.running ?? 0 }
    apps.set(id, kept)
    const end = () => (kept.running = definition.cmd === 'false' ? 0 : Number(definition.instances))
    return [before ? 200 : 201, begin(id, end, isSame ? 0 : deploymentMs)]
  }

  const answerTo = (method: string, url: URL, body: string): [number, unknown] => {
    const id = /^\/v2\/apps(\/.+)$/.exec(url.pathname)?.[1]
    if (method === 'GET' && url.pathname === '/v2/deployments')
      return [200, [...deployments].map(([deployment, app]) => ({ id: deployment, affectedApps: [app] }))]
    if (id === undefined)
      return method === 'POST' ? [409, { message: 'An app with id [/x] already exists.' }] : [404, {}]
    if (method === 'PUT') {
      const given: unknown = JSON.parse(body)
      return isRecord(given)
        ? put(id, given, url.searchParams.get('force') === 'true')
        : [400, { message: 'Invalid JSON' }]
    }
    const app = apps.get(id)
    if (!app) return [404, { message: `App '${id}' does not exist` }]
    if (method === 'DELETE') return [200, begin(id, () => apps.delete(id))]
    return [
      200,
      {
        app: shownApp(
          app,
          [...deployments].flatMap(([one, of]) => (of === id ? [{ id: one }] : [])),
        ),
      },
    ]
  }

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '/' } = request
    const body = await text(request)
    told?.(`${method} ${url}`)
    const [status, said] = hasLeader()
      ? answerTo(method, new URL(url, 'http://stand-in'), body)
      : [502, { message: 'Could not determine the current leader' }]
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-cache, no-store' })
    response.end(JSON.stringify(said))
  }
  return createServer((request, response) => void answer(request, response))
}

function shownApp({ definition, version, running }: Kept, deployments: { id: string }[]) {
  const failed = { state: 'TASK_FAILED', host: 'agent1', message: 'Command exited with status 1', timestamp: version }
  return {
    ...definition,
    version,
    deployments,
    tasksStaged: 0,
    tasksRunning: running,
    tasksHealthy: running,
    tasksUnhealthy: 0,
    tasks: [],
    ...(definition.cmd === 'false' ? { lastTaskFailure: failed } : {}),
  }
}

function canonical({ uris, ...app }: Record<string, unknown>): Record<string, unknown> {
  const defaults = {
    cpus: 1,
    mem: 128,
    disk: 0,
    gpus: 0,
    instances: 1,
    executor: '',
    env: {},
    labels: {},
    constraints: [],
    fetch: [],
  }
  const ports = Array.isArray(app.portDefinitions) ? app.portDefinitions : [{ port: 0, name: 'default' }]
  const checks = Array.isArray(app.healthChecks) ? app.healthChecks : []
  return {
    ...defaults,
    backoffSeconds: 1,
    upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
    ...app,
    ...(Array.isArray(uris) ? { fetch: uris.map((uri: unknown) => ({ uri, extract: true, cache: false })) } : {}),
    portDefinitions: ports.map((one: Record<string, unknown>, index) => ({
      protocol: 'tcp',
      labels: {},
      ...one,
      port: one.port || 10_000 + index,
    })),
    healthChecks: checks.map((one: object) => ({ gracePeriodSeconds: 300, intervalSeconds: 60, portIndex: 0, ...one })),
  }
}
