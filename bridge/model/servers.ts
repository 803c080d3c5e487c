import type { BridgeConfig } from '../config.ts'
import type { App, Complaint, Task } from './app.ts'

export interface Server {
  address: string
  port: number
  /** Something that looks at it has found it well, so it may be served before HAProxy has looked itself. */
  isTrusted: boolean
}

/** What is known beside the apps. */
export interface Surroundings {
  /** Of the hosts that tasks name; one that is not in it could not be found. */
  addresses: ReadonlyMap<string, string>
  /** Whether Consul finds a task's port well; undefined where it is not asked. */
  isPassing?: ((app: App, task: Task, index: number, where: Where) => boolean) | undefined
}

interface Where {
  address: string
  port: number
}

export function serversOf(
  app: App,
  index: number,
  { addresses, isPassing }: Surroundings,
  config: BridgeConfig,
  complaints: Complaint[],
): Server[] {
  const found = new Map<string, Server>()
  for (const task of app.tasks.filter((one) => isWanted(app, one, config))) {
    const where = whereIs(app, task, index, addresses)
    if ('wrong' in where) {
      complaints.push({ app: app.id, effect: 'task dropped', text: `${task.id}: ${where.wrong}` })
      continue
    }
    if (isPassing && !isPassing(app, task, index, where)) continue
    found.set(`${where.address}:${where.port}`, { ...where, isTrusted: task.alive === true || isPassing !== undefined })
  }
  return [...found.values()].toSorted((a, b) => order(`${a.address}:${a.port}`, `${b.address}:${b.port}`))
}

/** What serves: with checks of Marathon's own only what one of them has found alive. */
function isWanted(app: App, task: Task, config: BridgeConfig) {
  if (task.state === 'other') return false
  if (app.checks.length > 0 && task.alive !== true) return false
  return config.mode === 'cluster' || isHere(task, config)
}

export function isHere({ host }: Task, { node }: BridgeConfig) {
  const name = host.toLowerCase()
  return name === node.address || node.names.some((one) => one.toLowerCase() === name)
}

/** Where clients of a task's port connect to. */
export function whereIs(
  app: App,
  task: Task,
  index: number,
  addresses: ReadonlyMap<string, string>,
): Where | { wrong: string } {
  const containerPort = app.ports[index]?.containerPort
  if (task.address !== undefined && containerPort) return { address: task.address, port: containerPort }
  const port = task.ports[index] ?? 0
  if (port === 0) return { wrong: `it has no port of index ${index}` }
  const address = addresses.get(task.host)
  return address === undefined ? { wrong: `the address of ${task.host} cannot be found` } : { address, port }
}

function order(a: string, b: string) {
  return a < b ? -1 : a > b ? 1 : 0
}
