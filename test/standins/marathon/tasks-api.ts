import { type Answer, type Call, ok, type Route } from '../shared/http.ts'
import { deployed, idOf, noApp, type Parts, route } from './apps-api.ts'
import type { Instance } from './plan.ts'
import { showTask, showTasks } from './views.ts'

/** Tasks and deployments. */
export function taskRoutes(parts: Parts): Route[] {
  const { group, scheduler } = parts
  return [
    route('GET', /^\/v2\/tasks\/*$/, ({ query, request }) => {
      const accept = request.headers.accept ?? ''
      if (accept.includes('text/plain') && !accept.includes('json')) return { status: 406 }
      const asked = query.getAll('status').flatMap((status) => [`TASK_${status.toUpperCase()}`])
      const all = [...scheduler.instances.values()].filter(({ state }) => asked.length === 0 || asked.includes(state))
      return ok({ tasks: all.map((instance) => showTask(group.app(instance.appId), instance)) })
    }),
    route('POST', /^\/v2\/tasks\/delete\/*$/, (call) => {
      const { ids = [] }: { ids?: string[] } = JSON.parse(call.body)
      return kill(
        parts,
        call,
        ids.flatMap((id) => scheduler.instances.get(id) ?? []),
      )
    }),
    route('GET', /^\/v2\/apps\/+(.+)\/tasks\/*$/, (call) => {
      if (!group.app(idOf(call))) throw noApp(idOf(call))
      return ok({ tasks: showTasks(group, scheduler, idOf(call)) })
    }),
    route('DELETE', /^\/v2\/apps\/+(.+)\/tasks(?:\/([^/]+))?\/*$/, (call) => {
      if (!group.app(idOf(call))) throw noApp(idOf(call))
      const [, task = ''] = call.parts
      const host = call.query.get('host')
      const chosen = scheduler
        .of(idOf(call))
        .filter((one) => (task === '' || one.taskId === task) && (host === null || one.host === host))
      return kill(parts, call, chosen)
    }),
    route('GET', /^\/v2\/deployments\/*$/, () => ok([...group.deployments.values()].map(showDeployment))),
    route('DELETE', /^\/v2\/deployments\/([^/]+)$/, ({ parts: [id = ''], query }) => {
      const deployment = group.deployments.get(id)
      if (!deployment) return { status: 404, body: { message: `DeploymentPlan ${id} does not exist` } }
      if (query.get('force') !== 'true') return deployed(group.revert(deployment))
      group.cancel(deployment)
      return { status: 202 }
    }),
    route('GET', /^\/v2\/queue\/*$/, () => ok({ queue: group.apps().flatMap((app) => queued(parts, app)) })),
    route('DELETE', /^\/v2\/queue\/+(.+)\/delay\/*$/, (call) => {
      scheduler.resetDelay(idOf(call))
      return { status: 204 }
    }),
  ]

  function showDeployment(deployment: Parameters<typeof group.revert>[0]) {
    const { id, version, affectedApps, steps } = deployment
    const currentActions = (steps[0]?.actions ?? []).map((action) => ({ ...action, readinessCheckResults: [] }))
    return {
      id,
      version,
      affectedApps,
      affectedPods: [],
      steps,
      currentActions,
      currentStep: 1,
      totalSteps: steps.length,
    }
  }
}

function queued({ scheduler }: Parts, app: Parameters<Parts['scheduler']['delayedUntil']>[0]) {
  const count = app.instances - scheduler.of(app.id).filter(({ killing }) => !killing).length
  if (count <= 0) return []
  const until = scheduler.delayedUntil(app)
  const timeLeftSeconds = until === undefined ? 0 : Math.ceil((until - Date.now()) / 1000)
  return [{ app, count, delay: { timeLeftSeconds, overdue: until === undefined } }]
}

function kill({ group, scheduler }: Parts, { query }: Call, chosen: Instance[]): Answer {
  const shown = chosen.map((instance) => showTask(group.app(instance.appId), instance))
  if (query.get('scale') !== 'true') {
    for (const instance of chosen) scheduler.kill(instance)
    return ok({ tasks: shown })
  }
  const apps = new Set(chosen.map(({ appId }) => appId))
  const wanted = [...apps].flatMap((id) => {
    const app = group.app(id)
    const fewer = chosen.filter(({ appId }) => appId === id).length
    return app ? [[id, { ...app, instances: Math.max(0, app.instances - fewer) }] as const] : []
  })
  const deployment = group.change(new Map(wanted), { force: query.get('force') === 'true' })
  for (const instance of chosen) scheduler.kill(instance)
  return deployed(deployment)
}
