import { connect } from 'node:net'
import { fetchText } from '../shared/http.ts'
import type { App, HealthCheck } from './app.ts'
import type { HealthResult, Instance } from './plan.ts'

interface Options {
  instances: () => { app: App; instance: Instance }[]
  changed: (app: App, instance: Instance, check: HealthCheck, result: HealthResult, was: boolean | undefined) => void
  /** It has failed too often. */
  hopeless: (instance: Instance, check: HealthCheck) => void
}

interface Due {
  at: number
  isAsking: boolean
}

/** Asks each running task from here, as the leading Marathon does: by the name of its agent, so that this must resolve. */
export class HealthChecker {
  readonly #options: Options
  readonly #due = new Map<string, Due>()

  constructor(options: Options) {
    this.#options = options
    setInterval(() => this.#look(), 250)
  }

  #look() {
    const now = Date.now()
    const seen = new Set<string>()
    for (const { app, instance } of this.#options.instances()) {
      if (instance.state !== 'TASK_RUNNING') continue
      for (const [index, check] of app.healthChecks.entries()) {
        if (check.protocol === 'COMMAND') continue
        const key = `${instance.taskId} ${index}`
        seen.add(key)
        const due = this.#due.get(key) ?? { at: now, isAsking: false }
        this.#due.set(key, due)
        if (due.isAsking || due.at > now) continue
        Object.assign(due, { isAsking: true, at: now + check.intervalSeconds * 1000 })
        void this.#ask(app, instance, index, check).finally(() => (due.isAsking = false))
      }
    }
    for (const key of this.#due.keys()) if (!seen.has(key)) this.#due.delete(key)
  }

  async #ask(app: App, instance: Instance, index: number, check: HealthCheck) {
    const cause = await failureOf(instance, check)
    if (instance.state !== 'TASK_RUNNING') return
    const before = instance.health[index]
    const now = new Date().toISOString()
    const isYoung = Date.now() - Date.parse(instance.startedAt ?? now) < check.gracePeriodSeconds * 1000
    // A failure in the time of grace says nothing.
    if (cause !== undefined && before?.firstSuccess === undefined && isYoung) return
    const failures = cause === undefined ? 0 : (before?.consecutiveFailures ?? 0) + 1
    const result: HealthResult = {
      ...before,
      alive: cause === undefined,
      consecutiveFailures: failures,
      ...(cause === undefined
        ? { firstSuccess: before?.firstSuccess ?? now, lastSuccess: now }
        : { lastFailure: now, lastFailureCause: cause }),
    }
    instance.health[index] = result
    this.#options.changed(app, instance, check, result, before?.alive)
    if (check.maxConsecutiveFailures > 0 && failures >= check.maxConsecutiveFailures)
      this.#options.hopeless(instance, check)
  }
}

/** Why the check fails; nothing when it does not. */
async function failureOf({ host, ip, ports }: Instance, check: HealthCheck): Promise<string | undefined> {
  const port = check.port ?? ports[check.portIndex ?? 0]
  if (port === undefined) return 'the task has no such port'
  const withinMs = check.timeoutSeconds * 1000
  // MESOS_* ones are asked on the agent itself.
  const name = check.protocol.startsWith('MESOS_') ? ip : host
  try {
    if (check.protocol.endsWith('TCP')) {
      await connects(name, port, withinMs)
      return undefined
    }
    const scheme = check.protocol.endsWith('HTTPS') ? 'https' : 'http'
    const { status } = await fetchText(`${scheme}://${name}:${port}${check.path ?? '/'}`, { withinMs })
    return status >= 200 && status < 400 ? undefined : `${status} ${status}`
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
}

function connects(host: string, port: number, withinMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: withinMs })
    socket.on('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.on('timeout', () => socket.destroy(new Error('connection timed out')))
    socket.on('error', reject)
  })
}
