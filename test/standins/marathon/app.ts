/** An app in the canonical form that Marathon 1.5 and later shows. */
export interface App {
  id: string
  cmd?: string
  args?: string[]
  user?: string
  env: Record<string, string>
  cpus: number
  mem: number
  disk: number
  gpus: number
  instances: number
  executor: string
  constraints: string[][]
  fetch: unknown[]
  dependencies: string[]
  labels: Record<string, string>
  backoffSeconds: number
  backoffFactor: number
  maxLaunchDelaySeconds: number
  requirePorts: boolean
  container?: Container
  networks: Network[]
  portDefinitions?: PortDefinition[]
  healthChecks: HealthCheck[]
  readinessChecks: unknown[]
  upgradeStrategy: { minimumHealthCapacity: number; maximumOverCapacity: number }
  killSelection: string
  unreachableStrategy: { inactiveAfterSeconds: number; expungeAfterSeconds: number } | 'disabled'
  taskKillGracePeriodSeconds?: number
  acceptedResourceRoles?: string[]
  secrets?: unknown
  residency?: unknown
  role: string
  version: string
  versionInfo: { lastScalingAt: string; lastConfigChangeAt: string }
}

interface Network {
  mode: string
  name?: string
  labels?: Record<string, string>
}

interface PortDefinition {
  port: number
  protocol: string
  name?: string
  labels: Record<string, string>
}

interface PortMapping {
  containerPort: number
  hostPort?: number
  servicePort: number
  protocol: string
  name?: string
  labels: Record<string, string>
}

interface Container {
  type: string
  docker?: { image: string; forcePullImage?: boolean; privileged?: boolean; parameters?: unknown[] }
  volumes: unknown[]
  portMappings?: PortMapping[]
}

export interface HealthCheck {
  protocol: string
  path?: string
  portIndex?: number
  port?: number
  command?: { value: string }
  gracePeriodSeconds: number
  intervalSeconds: number
  timeoutSeconds: number
  maxConsecutiveFailures: number
  delaySeconds: number
  ignoreHttp1xx: boolean
}

export type Given = Record<string, unknown>

/** Service ports by position: those that the app had, else those that nobody has. */
export interface Ports {
  previous: number[]
  free: () => number
}

/** The form that is kept, of what was given in new words or old; `before` is what it had. */
export function canonical(given: Given, before: App | undefined, role: string): Omit<App, 'version' | 'versionInfo'> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- wrongTypes has refused what is of no known type
  const app = { ...defaultsOf(role), ...before, ...inNewWords(given, before) } as App
  const isHost = app.networks.every(({ mode }) => mode === 'host')
  if (isHost) app.portDefinitions = (app.portDefinitions ?? [defaultPort()]).map(definitionOf)
  else delete app.portDefinitions
  if (app.container) app.container = containerOf(app.container, isHost)
  app.healthChecks = app.healthChecks.map(healthCheckOf)
  app.dependencies = app.dependencies.map(absolute)
  for (const [name, value] of Object.entries(app))
    if (value === null || value === undefined) Reflect.deleteProperty(app, name)
  return app
}

function defaultsOf(role: string) {
  return {
    env: {},
    cpus: 1,
    mem: 128,
    disk: 0,
    gpus: 0,
    instances: 1,
    executor: '',
    constraints: [],
    fetch: [],
    dependencies: [],
    labels: {},
    backoffSeconds: 1,
    backoffFactor: 1.15,
    maxLaunchDelaySeconds: 300,
    requirePorts: false,
    networks: [{ mode: 'host' }],
    healthChecks: [],
    readinessChecks: [],
    upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
    killSelection: 'YOUNGEST_FIRST',
    unreachableStrategy: { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
    role,
  }
}

const kept = new Set(
  (
    'id cmd args user env cpus mem disk gpus instances executor constraints fetch dependencies labels backoffSeconds backoffFactor ' +
    'maxLaunchDelaySeconds requirePorts container networks portDefinitions healthChecks readinessChecks upgradeStrategy killSelection ' +
    'role unreachableStrategy taskKillGracePeriodSeconds acceptedResourceRoles secrets residency'
  ).split(' '),
)

interface OldWords {
  ports?: number[]
  uris?: string[]
  ipAddress?: { networkName?: string }
  container?: {
    type?: string
    docker?: { network?: string; portMappings?: unknown[] | null; image?: string }
    portMappings?: unknown[]
  }
}

/** `ports`, `uris`, `ipAddress` and the network inside `docker` are from before 1.5. */
function inNewWords(given: Given, before: App | undefined): Given {
  const { ports, uris, ipAddress, container } = given as OldWords
  const words = Object.fromEntries(Object.entries(given).filter(([name]) => kept.has(name)))
  if (ports && !('portDefinitions' in given)) words.portDefinitions = ports.map((port) => ({ port }))
  if (uris && !('fetch' in given))
    words.fetch = uris.map((uri) => ({ uri, extract: true, executable: false, cache: false }))
  if (ipAddress && !('networks' in given))
    words.networks = [
      { mode: 'container', ...(ipAddress.networkName !== undefined && { name: ipAddress.networkName }) },
    ]
  const docker = container?.docker
  if (docker?.network !== undefined && !('networks' in given))
    words.networks = [{ mode: { BRIDGE: 'container/bridge', USER: 'container' }[docker.network] ?? 'host' }]
  if (docker && container) {
    const { network: _network, portMappings, ...rest } = docker
    words.container = { ...container, docker: rest, ...(portMappings && { portMappings }) }
  }
  if ('cmd' in given && given.cmd !== null && before?.args && !('args' in given)) words.args = null
  if ('args' in given && given.args !== null && before?.cmd !== undefined && !('cmd' in given)) words.cmd = null
  return words
}

const defaultPort = (): PortDefinition => ({ port: 0, name: 'default', protocol: 'tcp', labels: {} })

function definitionOf(one: Partial<PortDefinition>): PortDefinition {
  return { ...one, port: one.port ?? 0, protocol: one.protocol ?? 'tcp', labels: one.labels ?? {} }
}

function containerOf(container: Partial<Container>, isHost: boolean): Container {
  const { docker, portMappings, ...rest } = container
  return {
    ...rest,
    type: container.type ?? 'DOCKER',
    volumes: container.volumes ?? [],
    ...(docker && {
      docker: {
        ...docker,
        forcePullImage: docker.forcePullImage ?? false,
        privileged: docker.privileged ?? false,
        parameters: docker.parameters ?? [],
      },
    }),
    ...(!isHost && { portMappings: (portMappings ?? []).map(mappingOf) }),
  }
}

function mappingOf(one: Partial<PortMapping>): PortMapping {
  const { containerPort = 0, hostPort = 0, servicePort = 0, protocol = 'tcp', labels = {}, ...rest } = one
  return { ...rest, containerPort, hostPort, servicePort, protocol, labels }
}

function healthCheckOf(one: Partial<HealthCheck>): HealthCheck {
  const protocol = one.protocol ?? 'HTTP'
  const hasPort = one.port !== undefined || one.portIndex !== undefined || protocol === 'COMMAND'
  return {
    ...one,
    protocol,
    ...(!hasPort && { portIndex: 0 }),
    ...(protocol.includes('HTTP') && { path: one.path ?? '/' }),
    gracePeriodSeconds: one.gracePeriodSeconds ?? 300,
    intervalSeconds: one.intervalSeconds ?? 60,
    timeoutSeconds: one.timeoutSeconds ?? 20,
    maxConsecutiveFailures: one.maxConsecutiveFailures ?? 3,
    delaySeconds: one.delaySeconds ?? 15,
    ignoreHttp1xx: one.ignoreHttp1xx ?? false,
  }
}

/** Where the service ports of an app stand, whichever network it has. */
function slotsOf(
  app: Pick<App, 'portDefinitions' | 'container'>,
): { get: () => number; set: (port: number) => void }[] {
  const definitions = app.portDefinitions ?? []
  const mappings = app.container?.portMappings ?? []
  return app.portDefinitions
    ? definitions.map((one) => ({ get: () => one.port, set: (port) => (one.port = port) }))
    : mappings.map((one) => ({ get: () => one.servicePort, set: (port) => (one.servicePort = port) }))
}

export function servicePortsOf(app: Pick<App, 'portDefinitions' | 'container'>): number[] {
  return slotsOf(app).map(({ get }) => get())
}

/** Gives a number to each service port that has none. */
export function assignServicePorts(app: Pick<App, 'portDefinitions' | 'container'>, { previous, free }: Ports) {
  for (const [index, slot] of slotsOf(app).entries()) if (slot.get() === 0) slot.set(previous[index] || free())
}

export function absolute(id: string) {
  return `/${id.replace(/^\/+|\/+$/g, '')}`
}

/** Whether a new form of an app needs new tasks: the number of instances alone does not. */
export function isOtherConfig(one: Omit<App, 'version' | 'versionInfo'>, other: Omit<App, 'version' | 'versionInfo'>) {
  return textOf(one) !== textOf(other)
}

function textOf(app: object) {
  const config = Object.entries(app).filter(([name]) => !besides.includes(name))
  return JSON.stringify(sorted(Object.fromEntries(config)))
}

/** A change of these alone leaves tasks as they are. */
const besides = ['instances', 'version', 'versionInfo']

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
