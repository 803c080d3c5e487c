import { type App, servicePortsOf } from './app.ts'
import type { Group } from './group.ts'
import { type Instance, isReady } from './plan.ts'
import { instanceIdOf, type Scheduler } from './scheduler.ts'

/** tasksStaged and its like, as every view of an app has them. */
function countsOf(app: App, instances: Instance[]) {
  const running = instances.filter(({ state }) => state === 'TASK_RUNNING')
  const hasChecks = app.healthChecks.length > 0
  return {
    tasksStaged: instances.filter(({ state }) => state === 'TASK_STAGING' || state === 'TASK_STARTING').length,
    tasksRunning: running.length,
    tasksHealthy: hasChecks ? running.filter((one) => isReady(app, { ...one, killing: false })).length : 0,
    tasksUnhealthy: running.filter(({ health }) => health.some((result) => result && !result.alive)).length,
  }
}

export function showTask(app: App | undefined, instance: Instance) {
  const { taskId, appId, host, ports, agentId, state, stagedAt, startedAt, version, ip, health } = instance
  const results = health.flatMap((result) =>
    result ? [{ ...showHealth(result), instanceId: instanceIdOf(taskId) }] : [],
  )
  return {
    id: taskId,
    appId,
    host,
    ports,
    ...(app && { servicePorts: servicePortsOf(app) }),
    slaveId: agentId,
    state: instance.killing && state === 'TASK_RUNNING' ? 'TASK_KILLING' : state,
    stagedAt,
    ...(startedAt !== undefined && { startedAt }),
    version,
    ipAddresses: [{ ipAddress: ip, protocol: 'IPv4' }],
    ...(results.length > 0 && { healthCheckResults: results }),
    localVolumes: [],
    role: app?.role ?? '*',
  }
}

function showHealth({
  alive,
  consecutiveFailures,
  firstSuccess,
  lastSuccess,
  lastFailure,
  lastFailureCause,
}: Instance['health'][number]) {
  return {
    alive,
    consecutiveFailures,
    firstSuccess: firstSuccess ?? null,
    lastSuccess: lastSuccess ?? null,
    lastFailure: lastFailure ?? null,
    lastFailureCause: lastFailureCause ?? null,
  }
}

/** An app as lists show it. */
export function showApp(group: Group, scheduler: Scheduler, app: App) {
  return {
    ...app,
    ...countsOf(app, scheduler.of(app.id)),
    deployments: group.holding(app.id).map(({ id }) => ({ id })),
  }
}

export function showTasks(group: Group, scheduler: Scheduler, id: string) {
  const app = group.app(id)
  return scheduler.of(id).map((instance) => showTask(app, instance))
}
