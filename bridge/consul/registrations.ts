import type { BridgeConfig } from '../config.ts'
import type { App, Task } from '../model/app.ts'
import { serviceName } from '../model/names.ts'
import { isHere, whereIs } from '../model/servers.ts'

/** Whose registrations are ours to take back; nobody else's are. */
export const ownTag = 'trivet-bridge'

/** What the Consul agent of a host is told of one port of a task, in Consul's own words. */
export interface Registration {
  ID: string
  Name: string
  Tags: string[]
  Address: string
  Port: number
  Check: { TCP: string; Interval: string; Timeout: string } | { HTTP: string; Interval: string; Timeout: string }
}

export function registrationId(task: Task, index: number) {
  return `${ownTag}:${task.id}:${index}`
}

/** This host's tasks, by id. They are also found by the tag of their host, as consul-template's queries want it. */
export function registrations(
  apps: App[],
  addresses: ReadonlyMap<string, string>,
  config: BridgeConfig,
): Map<string, Registration> {
  const all = apps.flatMap((app) =>
    app.tasks
      .filter((task) => task.state === 'running' && isHere(task, config))
      .flatMap((task) => app.ports.flatMap((_, index) => registration(app, task, index, addresses, config) ?? [])),
  )
  return new Map(all.map((one) => [one.ID, one]))
}

function registration(
  app: App,
  task: Task,
  index: number,
  addresses: ReadonlyMap<string, string>,
  { consul }: BridgeConfig,
): Registration | undefined {
  const where = whereIs(app, task, index, addresses)
  if ('wrong' in where || !consul) return undefined
  const { address, port } = where
  const path = app.checks.find((one) => one.protocol.endsWith('HTTP') && one.portIndex === index)?.path
  const often = { Interval: `${consul.checkEverySeconds}s`, Timeout: '5s' }
  const Check = path?.startsWith('/')
    ? { HTTP: `http://${address}:${port}${path}`, ...often }
    : { TCP: `${address}:${port}`, ...often }
  const Tags = [ownTag, task.host.replaceAll('.', '-')]
  return {
    ID: registrationId(task, index),
    Name: serviceName(app.id, index),
    Tags,
    Address: address,
    Port: port,
    Check,
  }
}
