import { isRecord } from '../../../protocol/is-record.ts'
import { type Answer, type Call, ok, type Route } from '../shared/http.ts'
import { absolute, type App, assignServicePorts, canonical, type Given, servicePortsOf } from './app.ts'
import { type Deployment, type Group, LockedError } from './group.ts'
import type { Scheduler } from './scheduler.ts'
import { complaintsOf, wrongTypes } from './validate.ts'
import { showApp, showTasks } from './views.ts'

export interface Parts {
  group: Group
  scheduler: Scheduler
  emit: (eventType: string, keys: object) => void
  localPorts: { min: number; max: number }
  role: string
  maxApps: number | undefined
}

type Wanted = Omit<App, 'version' | 'versionInfo'>

/** An answer that ends what was asked. */
class Refusal extends Error {
  override name = 'Refusal'
  answer: Answer
  constructor(status: number, body: object) {
    super(JSON.stringify(body))
    this.answer = { status, body }
  }
}

export const noApp = (id: string) => new Refusal(404, { message: `App '${id}' does not exist` })

/** A route where what refuses is turned into its answer. */
export function route(method: string, path: RegExp, handler: (call: Call) => Answer): Route {
  const refusing = (call: Call): Answer => {
    try {
      return handler(call)
    } catch (error) {
      if (error instanceof Refusal) return error.answer
      if (!(error instanceof LockedError)) throw error
      return { status: 409, body: { message: error.message, deployments: error.deployments.map((id) => ({ id })) } }
    }
  }
  return { method, path, handler: refusing }
}

export const idOf = ({ parts: [id = ''] }: Call) => absolute(id)

export function deployed({ version, id }: Deployment, status = 200): Answer {
  return { status, body: { version, deploymentId: id }, headers: { 'Marathon-Deployment-Id': id } }
}

const isForced = ({ query }: Call) => query.get('force') === 'true'

export function appRoutes(parts: Parts): Route[] {
  const { group, scheduler } = parts
  const one = /^\/v2\/apps\/+(.+?)\/*$/
  return [
    route('GET', /^\/v2\/apps\/*$/, (call) => ok({ apps: listed(parts, call) })),
    route('POST', /^\/v2\/apps\/*$/, (call) => create(parts, call)),
    route('PUT', /^\/v2\/apps\/*$/, (call) => putMany(parts, call)),
    route('PATCH', /^\/v2\/apps\/*$/, (call) => putMany(parts, call)),
    route('POST', /^\/v2\/apps\/+(.+)\/restart\/*$/, (call) => {
      const app = group.app(idOf(call))
      if (!app) throw noApp(idOf(call))
      return deployed(group.change(new Map([[app.id, app]]), { force: isForced(call), restart: true }))
    }),
    route('GET', /^\/v2\/apps\/+(.+)\/versions\/*$/, (call) => {
      const versions = group.versionsOf(idOf(call))
      if (versions.length === 0) throw noApp(idOf(call))
      return ok({ versions: versions.map(({ version }) => version) })
    }),
    route('GET', /^\/v2\/apps\/+(.+)\/versions\/([^/]+)$/, (call) => {
      const found = group.versionsOf(idOf(call)).find(({ version }) => version === call.parts[1])
      if (!found) throw noApp(idOf(call))
      return ok(found)
    }),
    route('GET', /^\/v2\/apps\/+(?:(.+)\/)?\*$/, (call) => {
      const prefix = call.parts[0] ? `${idOf(call)}/` : '/'
      const below = group.apps().filter(({ id }) => id.startsWith(prefix))
      return ok({ '*': below.map((app) => showApp(group, scheduler, app)) })
    }),
    route('GET', one, (call) => {
      const app = group.app(idOf(call))
      if (!app) throw noApp(idOf(call))
      const failure = scheduler.failures.get(app.id)
      const tasks = showTasks(group, scheduler, app.id)
      return ok({ app: { ...showApp(group, scheduler, app), tasks, ...(failure && { lastTaskFailure: failure }) } })
    }),
    route('PUT', one, (call) => update(parts, call, idOf(call), { mayCreate: true })),
    route('PATCH', one, (call) => update(parts, call, idOf(call), { mayCreate: false })),
    route('DELETE', one, (call) => {
      const id = idOf(call)
      if (!group.app(id)) throw noApp(id)
      const made = () => posted(parts, call, { id })
      return deployed(group.change(new Map([[id, undefined]]), { force: isForced(call), made }))
    }),
  ]
}

function listed({ group, scheduler }: Parts, { query }: Call) {
  const [cmd, id, label] = [query.get('cmd'), query.get('id'), query.get('label')]
  const embeds = query.getAll('embed')
  const isAsked = (app: App) =>
    (cmd === null || app.cmd?.includes(cmd)) &&
    (id === null || app.id.includes(id)) &&
    (label === null || label.split(',').every((selector) => selects(selector.trim(), app.labels)))
  return group
    .apps()
    .filter(isAsked)
    .map((app) => ({
      ...showApp(group, scheduler, app),
      ...(embeds.some((name) => name === 'apps.tasks' || name === 'app.tasks') && {
        tasks: showTasks(group, scheduler, app.id),
      }),
      ...(embeds.includes('apps.lastTaskFailure') &&
        scheduler.failures.has(app.id) && { lastTaskFailure: scheduler.failures.get(app.id) }),
    }))
}

function selects(selector: string, labels: Record<string, string>) {
  const [, name = selector, operator, value] = /^([^=!]+)(==|!=)(.*)$/.exec(selector) ?? []
  if (operator === '==') return labels[name] === value
  return operator === '!=' ? labels[name] !== value : name in labels
}

function create(parts: Parts, call: Call): Answer {
  const { group, scheduler } = parts
  const given = objectOf(call)
  if (typeof given.id !== 'string')
    throw new Refusal(400, { message: 'Invalid JSON', details: [{ path: '/id', errors: ['error.path.missing'] }] })
  const id = absolute(given.id)
  if (group.app(id)) throw new Refusal(409, { message: `An app with id [${id}] already exists.` })
  if (parts.maxApps !== undefined && group.apps().length >= parts.maxApps)
    throw new Refusal(403, { message: `Maximum number of apps ${parts.maxApps} reached` })
  const made = () => posted(parts, call, group.app(id) ?? { id })
  const wanted = wantedOf(parts, id, given, undefined)
  const deployment = group.change(new Map([[id, wanted]]), { force: isForced(call), made })
  const app = group.app(id)
  if (!app) throw noApp(id)
  scheduler.resetDelay(id)
  return {
    status: 201,
    headers: { Location: id, 'Marathon-Deployment-Id': deployment.id },
    body: { ...showApp(group, scheduler, app), tasks: [] },
  }
}

function update(parts: Parts, call: Call, id: string, { mayCreate }: { mayCreate: boolean }): Answer {
  const { group, scheduler } = parts
  const given = objectOf(call)
  const before = group.app(id)
  if (!before && !mayCreate) throw noApp(id)
  const wanted = 'version' in given ? rolledBack(parts, id, given.version) : wantedOf(parts, id, given, before, call)
  const made = () => posted(parts, call, group.app(id) ?? { id })
  const deployment = group.change(new Map([[id, wanted]]), { force: isForced(call), made })
  if (deployment.affectedApps.length > 0) scheduler.resetDelay(id)
  return deployed(deployment, before ? 200 : 201)
}

function putMany(parts: Parts, call: Call): Answer {
  const { group } = parts
  const list = parsed(call)
  if (!Array.isArray(list) || !list.every(isRecord))
    throw new Refusal(400, { message: 'Invalid JSON', details: [{ path: '/', errors: ['error.expected.jsarray'] }] })
  const wanted = new Map<string, Wanted>()
  for (const given of list) {
    assertTypes(given)
    const id = absolute(typeof given.id === 'string' ? given.id : '')
    const before = group.app(id)
    if (!before && call.method === 'PATCH') throw noApp(id)
    wanted.set(id, wantedOf(parts, id, given, before, call))
  }
  const made = () => {
    for (const id of wanted.keys()) posted(parts, call, group.app(id) ?? { id })
  }
  return deployed(group.change(wanted, { force: isForced(call), made }))
}

function rolledBack({ group }: Parts, id: string, version: unknown): Wanted {
  const found = group.versionsOf(id).find((app) => app.version === version)
  if (!found) throw new Refusal(404, { message: `App '${id}' does not exist in version '${String(version)}'` })
  return found
}

/** What is to be, of what was given; throws where it is no app. */
function wantedOf(parts: Parts, id: string, given: Given, before: App | undefined, call?: Call): Wanted {
  const isPartial = call?.query.get('partialUpdate') !== 'false'
  const app = canonical({ ...given, id }, isPartial ? before : undefined, parts.role)
  assignServicePorts(app, { previous: before ? servicePortsOf(before) : [], free: freePorts(parts, app) })
  const details = complaintsOf(app)
  if (details.length > 0) throw new Refusal(422, { message: 'Object is not valid', details })
  return app
}

function freePorts({ group, localPorts: { min, max } }: Parts, app: Wanted) {
  const taken = new Set([...group.apps(), app].flatMap((one) => servicePortsOf(one)))
  return () => {
    for (let port = min; port < max; port++) {
      if (taken.has(port)) continue
      taken.add(port)
      return port
    }
    throw new Refusal(422, { message: `Too few ports: no service port between ${min} and ${max} is left` })
  }
}

/** The event that tells of each change by the API. */
function posted({ emit }: Parts, { request, path }: Call, appDefinition: object) {
  emit('api_post_event', { clientIp: request.socket.remoteAddress ?? '', uri: path, appDefinition })
}

function objectOf(call: Call): Given {
  const given = parsed(call)
  if (!isRecord(given))
    throw new Refusal(400, { message: 'Invalid JSON', details: [{ path: '/', errors: ['error.expected.jsobject'] }] })
  assertTypes(given)
  return given
}

function parsed({ body }: Call): unknown {
  try {
    return JSON.parse(body)
  } catch (error) {
    throw new Refusal(400, { message: 'Invalid JSON', details: error instanceof Error ? error.message : String(error) })
  }
}

function assertTypes(given: Given) {
  const details = wrongTypes(given)
  if (details.length > 0) throw new Refusal(400, { message: 'Invalid JSON', details })
}
