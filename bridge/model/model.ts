import type { BridgeConfig } from '../config.ts'
import type { App, Complaint } from './app.ts'
import { type PortLabels, readLabels, unknownLabels } from './labels.ts'
import { backendName } from './names.ts'
import { whyNotPort } from './ports.ts'
import { type Route, routesOf } from './routes.ts'
import { type Server, serversOf, type Surroundings } from './servers.ts'

/** All tasks that serve one port of one app. */
export interface Backend {
  name: string
  app: string
  index: number
  /** Where clients connect; undefined where only routes lead to it. */
  listen: number | undefined
  mode: 'tcp' | 'http'
  balance: string
  isSticky: boolean
  vhosts: string[]
  path: string
  weight: number
  check: { path: string; timeoutSeconds: number } | undefined
  /** How many servers there will soon be. */
  expected: number
  /** By address and port, none twice. */
  servers: Server[]
}

/** What is to be served: the same for the same apps in whatever order they are told. */
export interface Model {
  backends: Backend[]
  routes: Route[]
  /** The backend that has what no route leads elsewhere. */
  fallback: string | undefined
  complaints: Complaint[]
}

/** Which app has had a service port so far. */
export type Owners = ReadonlyMap<number, string>

export interface Inputs extends Surroundings {
  apps: App[]
  complaints: Complaint[]
  owners: Owners
}

export function buildModel(inputs: Inputs, config: BridgeConfig): Model {
  const complaints = [...inputs.complaints]
  const apps = onceEach(inputs.apps, complaints)
  const wanted = apps.flatMap((app) => {
    complaints.push(...unknownLabels(app))
    return app.ports.flatMap((_, index) => backendOf(app, index, inputs, config, complaints) ?? [])
  })
  const backends = oneEachPort(wanted, inputs.owners, complaints).toSorted((a, b) => compare(a.name, b.name))
  const routes = routesOf(backends, config, complaints)
  const fallback = fallbackOf(backends, routes, config, complaints)
  return { backends, routes, fallback, complaints: complaints.toSorted(byText) }
}

function onceEach(apps: App[], complaints: Complaint[]) {
  const counts = new Map<string, number>()
  for (const { id } of apps) counts.set(id, (counts.get(id) ?? 0) + 1)
  const twice = [...counts].filter(([, count]) => count > 1).map(([id]) => id)
  for (const app of twice)
    complaints.push({ app, effect: 'app dropped', text: 'Marathon tells it more than once, so that none can be right' })
  return apps.filter(({ id }) => counts.get(id) === 1).toSorted((a, b) => compare(a.id, b.id))
}

function backendOf(app: App, index: number, inputs: Inputs, config: BridgeConfig, complaints: Complaint[]) {
  const drop = (text: string) => void complaints.push({ app: app.id, effect: 'port dropped', text })
  const port = app.ports[index]
  const labels = readLabels(app, index)
  if ('wrong' in labels) return drop(labels.wrong)
  if (!port || !labels.isEnabled || !isInGroup(labels, config)) return undefined
  if (!port.protocol.split(',').includes('tcp'))
    return drop(`port ${index} is ${port.protocol}, and HAProxy serves tcp`)
  const number = labels.port ?? port.servicePort
  // Neither asked for nor given: an app on a network of its own.
  if (number === 0) return undefined
  const check = checkOf(app, index)
  const mode = labels.mode ?? modeOf(app, index, labels, config)
  if (labels.vhosts.length > 0 && mode === 'tcp') return drop(`HAPROXY_${index}_VHOST needs mode http`)
  if (labels.isSticky && mode === 'tcp')
    complaints.push({ app: app.id, effect: 'ignored', text: `HAPROXY_${index}_STICKY needs mode http` })
  const listen = config.mode === 'host' && mode === 'http' ? undefined : number
  const wrong = listen === undefined ? undefined : whyNotPort(listen, config)
  if (wrong !== undefined) return drop(wrong)
  return {
    name: backendName(app.id, number),
    app: app.id,
    index,
    listen,
    mode,
    balance: labels.balance ?? (mode === 'http' ? 'roundrobin' : 'leastconn'),
    isSticky: labels.isSticky && mode === 'http',
    vhosts: labels.vhosts,
    path: labels.path ?? '',
    weight: labels.weight ?? (labels.path === undefined ? 0 : 1),
    check: mode === 'http' ? check : undefined,
    // Room before the tasks come, so that they need no reload.
    expected: config.mode === 'cluster' ? Math.min(app.instances, 1000) : 0,
    servers: serversOf(app, index, inputs, config, complaints),
  } satisfies Backend
}

function isInGroup({ groups }: PortLabels, config: BridgeConfig) {
  return config.groups.length === 0 || config.groups.includes('*') || groups.some((one) => config.groups.includes(one))
}

const isHttp = (protocol: string) => protocol === 'HTTP' || protocol === 'MESOS_HTTP'

function modeOf(app: App, index: number, { vhosts }: PortLabels, config: BridgeConfig): Backend['mode'] {
  const isChecked = app.checks.some(({ protocol, portIndex }) => isHttp(protocol) && portIndex === index)
  return vhosts.length > 0 || isChecked || config.mode === 'host' ? 'http' : 'tcp'
}

/** HAProxy asks what Marathon asks; what it cannot ask so, it asks only whether the port answers. */
function checkOf({ checks }: App, index: number): Backend['check'] {
  const found = checks.find(({ protocol, portIndex }) => isHttp(protocol) && portIndex === index)
  if (!found) return undefined
  const path = found.path ?? '/'
  // Nothing that haproxy.cfg would take for a quote, a comment or the end of a word.
  if (!/^\/[A-Za-z0-9/._~?&=%:@!,;+*-]*$/.test(path)) return undefined
  return { path, timeoutSeconds: Math.min(20, Math.max(1, Math.ceil(found.timeoutSeconds))) }
}

/** Two proxies on one port would both be bound, and the kernel would give clients to either. Who has had it keeps it. */
function oneEachPort(wanted: Backend[], owners: Owners, complaints: Complaint[]) {
  const taken = new Map<number | string, Backend>()
  const hasHad = ({ app, listen }: Backend) => (listen !== undefined && owners.get(listen) === app ? 0 : 1)
  const inTurn = wanted.toSorted((a, b) => hasHad(a) - hasHad(b) || compare(a.app, b.app) || a.index - b.index)
  return inTurn.filter((one) => {
    const keys = one.listen === undefined ? [one.name] : [one.listen, one.name]
    const other = keys.map((key) => taken.get(key)).find((found) => found !== undefined)
    if (!other) {
      for (const key of keys) taken.set(key, one)
      return true
    }
    const whose = other.app === one.app ? 'another port of this app' : other.app
    const what = one.listen === undefined ? `the name ${one.name}` : `service port ${one.listen}`
    complaints.push({
      app: one.app,
      effect: 'port dropped',
      text: `${what} is that of ${whose}. Give it one of its own.`,
    })
    return false
  })
}

function fallbackOf(backends: Backend[], routes: Route[], config: BridgeConfig, complaints: Complaint[]) {
  const inFront = backends.filter(({ mode }) => mode === 'http')
  const { frontApp } = config
  if (frontApp !== undefined) {
    const found = inFront.find(({ app }) => app === frontApp)
    const text = 'it is the frontApp, and no app of HTTP is served by that name: what no label leads elsewhere gets 503'
    if (!found) complaints.push({ app: frontApp, effect: 'ignored', text })
    return found?.name
  }
  if (config.mode === 'cluster') return undefined
  if (inFront.length === 1) return inFront[0]?.name
  const routed = new Set(routes.map(({ backend }) => backend))
  for (const { name, app, index } of inFront.filter((one) => !routed.has(one.name))) {
    const text = `several apps share the front port, and nothing leads to ${name}: set HAPROXY_${index}_VHOST, or frontApp`
    complaints.push({ app, effect: 'ignored', text })
  }
  return undefined
}

function byText(a: Complaint, b: Complaint) {
  return compare(a.app, b.app) || compare(a.text, b.text)
}

/** By code units: the same on every machine, whatever its language. */
function compare(a: string, b: string) {
  return a < b ? -1 : a > b ? 1 : 0
}
