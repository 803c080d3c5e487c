import type { App, Task } from './app.ts'

/** What was last told of a task. */
interface Seen {
  ports: number[]
  alive: boolean | undefined
}
export type Memory = ReadonlyMap<string, Seen>

/**
 * A new leader has no results of checks yet, and a task that cannot be reached loses its ports: what was known last is used until it is told anew.
 * Tasks that are gone are forgotten.
 */
export function remember(apps: App[], before: Memory): { apps: App[]; memory: Memory } {
  const memory = new Map<string, Seen>()
  const filled = (task: Task): Task => {
    const last = before.get(task.id)
    const ports = task.ports.length > 0 ? task.ports : (last?.ports ?? [])
    const alive = task.alive ?? last?.alive
    memory.set(task.id, { ports, alive })
    return { ...task, ports, alive }
  }
  return { apps: apps.map((app) => ({ ...app, tasks: app.tasks.map(filled) })), memory }
}
