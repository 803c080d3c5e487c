import type { TaskState } from '../shared/protocol.ts'
import type { App } from './app.ts'

/** One run of an app somewhere. */
export interface Instance {
  taskId: string
  appId: string
  agentId: string
  host: string
  ip: string
  ports: number[]
  state: TaskState
  stagedAt: string
  startedAt?: string
  /** Of the app as a whole; the config's version decides whether it must make way. */
  version: string
  configVersion: string
  killing: boolean
  unreachableSince?: number
  /** By the position of the check. */
  health: HealthResult[]
  attributes: Record<string, string>
}

export interface HealthResult {
  alive: boolean
  consecutiveFailures: number
  firstSuccess?: string
  lastSuccess?: string
  lastFailure?: string
  lastFailureCause?: string
}

export interface Plan {
  launch: number
  kill: Instance[]
  /** All is as the app wants it. */
  settled: boolean
}

/** It runs, and each health check of the app has found it alive. */
export function isReady({ healthChecks }: Pick<App, 'healthChecks'>, { state, health, killing }: Instance) {
  return state === 'TASK_RUNNING' && !killing && healthChecks.every((_, index) => health[index]?.alive)
}

/** Of no use any more: its agent has been away for as long as the app bears. */
export function isInactive(
  { unreachableStrategy }: Pick<App, 'unreachableStrategy'>,
  { unreachableSince }: Instance,
  now: number,
) {
  if (unreachableSince === undefined || unreachableStrategy === 'disabled') return false
  return now - unreachableSince >= unreachableStrategy.inactiveAfterSeconds * 1000
}

/** What brings an app nearer to what it should be, within its upgradeStrategy. */
export function planOf(app: App, instances: Instance[], now: number): Plan {
  const live = instances.filter((one) => !one.killing && !isInactive(app, one, now))
  const isFresh = (one: Instance) => one.configVersion === app.versionInfo.lastConfigChangeAt
  const fresh = live.filter(isFresh)
  const old = live.filter((one) => !isFresh(one))
  const ready = (list: Instance[]) => list.filter((one) => isReady(app, one))
  const isDying = instances.some(({ killing }) => killing)
  if (old.length === 0) {
    const excess = Math.max(0, fresh.length - app.instances)
    const kill = worstFirst(app, fresh).slice(0, excess)
    const settled = fresh.length === app.instances && ready(fresh).length === app.instances && !isDying
    return { launch: Math.max(0, app.instances - fresh.length), kill, settled }
  }
  const { minimumHealthCapacity, maximumOverCapacity } = app.upgradeStrategy
  const least = Math.ceil(app.instances * minimumHealthCapacity)
  const over = Math.floor(app.instances * maximumOverCapacity)
  // Without room above and below nothing could ever move.
  const most = app.instances + (over === 0 && least >= app.instances ? 1 : over)
  const launch = Math.max(0, Math.min(app.instances - fresh.length, most - instances.length))
  const isDone = ready(fresh).length >= app.instances
  const spare = isDone ? old.length : Math.max(0, ready(fresh).length + ready(old).length - least)
  const kill = [...old.filter((one) => !isReady(app, one)), ...ready(old).slice(0, spare)]
  return { launch, kill, settled: false }
}

function worstFirst(app: App, instances: Instance[]) {
  const sign = app.killSelection === 'OLDEST_FIRST' ? 1 : -1
  return instances.toSorted((one, other) => {
    const byHealth = Number(isReady(app, one)) - Number(isReady(app, other))
    return byHealth || sign * one.stagedAt.localeCompare(other.stagedAt)
  })
}
