import type { App, Given } from './app.ts'
import { servicePortsOf } from './app.ts'

export interface Complaint {
  path: string
  errors: string[]
}

const types: Record<string, 'string' | 'number' | 'boolean' | 'object' | 'array'> = {
  ...Object.fromEntries(
    ['id', 'cmd', 'user', 'executor', 'killSelection', 'role', 'version'].map((name) => [name, 'string']),
  ),
  ...Object.fromEntries(
    [
      'cpus',
      'mem',
      'disk',
      'gpus',
      'instances',
      'backoffSeconds',
      'backoffFactor',
      'maxLaunchDelaySeconds',
      'taskKillGracePeriodSeconds',
    ].map((name) => [name, 'number']),
  ),
  ...Object.fromEntries(
    ['env', 'labels', 'container', 'upgradeStrategy', 'secrets', 'residency', 'ipAddress'].map((name) => [
      name,
      'object',
    ]),
  ),
  ...Object.fromEntries(
    [
      'args',
      'constraints',
      'fetch',
      'uris',
      'ports',
      'dependencies',
      'networks',
      'portDefinitions',
      'healthChecks',
      'readinessChecks',
      'acceptedResourceRoles',
    ].map((name) => [name, 'array']),
  ),
  requirePorts: 'boolean',
}

/** What is not of the type that Marathon reads: a 400. */
export function wrongTypes(given: Given): Complaint[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const wanted = types[name]
    const is = Array.isArray(value) ? 'array' : typeof value
    return wanted === undefined || value === null || is === wanted
      ? []
      : [{ path: `/${name}`, errors: [`error.expected.js${wanted}`] }]
  })
}

const segment = /^(([a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])$/
const reserved = ['restart', 'tasks', 'versions', '.', '..']

export function wrongId(id: string): string | undefined {
  const segments = id.split('/').slice(1)
  if (segments.some((one) => !segment.test(one)))
    return "must fully match regular expression '^(([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])\\.)*([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])|(\\.|\\.\\.)$'"
  return reserved.includes(segments.at(-1) ?? '') ? `must not end with one of ${reserved.join(', ')}` : undefined
}

/** What is no valid app: a 422. */
export function complaintsOf(app: Omit<App, 'version' | 'versionInfo'>): Complaint[] {
  const complaints: Complaint[] = []
  const refuse = (path: string, error: string) => complaints.push({ path, errors: [error] })
  const badId = wrongId(app.id)
  if (badId !== undefined) refuse('/id', badId)
  const hasCommand = app.cmd !== undefined || app.args !== undefined
  if (!hasCommand && !app.container?.docker?.image)
    refuse('/', "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.")
  if (app.cmd !== undefined && app.args !== undefined)
    refuse('/', "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.")
  for (const name of ['cpus', 'mem', 'disk', 'gpus', 'instances'] as const)
    if (app[name] < 0) refuse(`/${name}`, `got ${app[name]}, expected 0 or more`)
  if (!Number.isInteger(app.instances)) refuse('/instances', 'error.expected.jsinteger')
  for (const [name, value] of Object.entries(app.upgradeStrategy))
    if (value < 0 || value > 1) refuse(`/upgradeStrategy/${name}`, `got ${value}, expected between 0.0 and 1.0`)
  const ports = servicePortsOf(app).filter((port) => port !== 0)
  if (new Set(ports).size < ports.length) refuse('/portDefinitions', 'Ports must be unique.')
  if (ports.some((port) => port < 0 || port > 65_535)) refuse('/portDefinitions', 'got a port beyond 0 to 65535')
  checkHealth(app, refuse)
  checkConstraints(app, refuse)
  return complaints
}

type Refuse = (path: string, error: string) => void
const protocols = ['HTTP', 'HTTPS', 'TCP', 'COMMAND', 'MESOS_HTTP', 'MESOS_HTTPS', 'MESOS_TCP']

function checkHealth(app: Omit<App, 'version' | 'versionInfo'>, refuse: Refuse) {
  const count = servicePortsOf(app).length
  for (const [index, check] of app.healthChecks.entries()) {
    if (!protocols.includes(check.protocol)) refuse(`/healthChecks(${index})/protocol`, `error.unknown.enum.literal`)
    if (check.portIndex !== undefined && (check.portIndex < 0 || check.portIndex >= count))
      refuse(
        `/healthChecks(${index})`,
        'Health check port indices must address an element of the ports array or container port mappings.',
      )
  }
}

const operators = ['UNIQUE', 'CLUSTER', 'GROUP_BY', 'LIKE', 'UNLIKE', 'MAX_PER', 'IS']

function checkConstraints(app: Omit<App, 'version' | 'versionInfo'>, refuse: Refuse) {
  for (const [index, [, operator = '', value]] of app.constraints.entries()) {
    if (!operators.includes(operator))
      refuse(
        `/constraints(${index})`,
        `Operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER or UNLIKE`,
      )
    if (['LIKE', 'UNLIKE', 'MAX_PER', 'IS'].includes(operator) && value === undefined)
      refuse(`/constraints(${index})`, `A value must be provided for operator ${operator}`)
  }
}
