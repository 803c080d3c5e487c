import { randomUUID } from 'node:crypto'
import { type App, isOtherConfig } from './app.ts'
import type { Store } from './store.ts'

interface Action {
  action: 'StartApplication' | 'ScaleApplication' | 'RestartApplication' | 'StopApplication'
  app: string
}

export interface Deployment {
  id: string
  version: string
  affectedApps: string[]
  steps: { actions: Action[] }[]
  /** What the apps were, for going back: nothing for one that was not there. */
  original: Record<string, App | undefined>
}

/** An app that a deployment holds is not to be changed, unless by force. */
export class LockedError extends Error {
  override name = 'LockedError'
  deployments: string[]
  constructor(deployments: string[]) {
    super(
      "App is locked by one or more deployments. Override with the option '?force=true'. View details at '/v2/deployments/<DEPLOYMENT_ID>'.",
    )
    this.deployments = deployments
  }
}

interface Change {
  force: boolean
  /** New tasks for all of them, though nothing else is new. */
  restart?: boolean
  /** Called when the change is made, before anything is told of it. */
  made?: () => void
}

interface Kept {
  app: App
  versions: App[]
}

type Emit = (eventType: string, keys: object) => void
type Wanted = Omit<App, 'version' | 'versionInfo'>

/** All apps with their versions, and the deployments that are under way. */
export class Group {
  readonly deployments = new Map<string, Deployment>()
  readonly #kept = new Map<string, Kept>()
  readonly #store: Store
  readonly #emit: Emit
  readonly #mostVersions: number

  constructor(store: Store, emit: Emit, mostVersions: number) {
    this.#store = store
    this.#emit = emit
    this.#mostVersions = mostVersions
  }

  async load() {
    for (const text of (await this.#store.readAll('app:')).values()) {
      const kept: Kept = JSON.parse(text)
      this.#kept.set(kept.app.id, kept)
    }
    for (const text of (await this.#store.readAll('deployment:')).values()) {
      const deployment: Deployment = JSON.parse(text)
      this.deployments.set(deployment.id, deployment)
    }
  }

  apps(): App[] {
    return [...this.#kept.values()].map(({ app }) => app).toSorted((one, other) => (one.id < other.id ? -1 : 1))
  }

  app(id: string): App | undefined {
    return this.#kept.get(id)?.app
  }

  /** Newest first. */
  versionsOf(id: string): App[] {
    return [...(this.#kept.get(id)?.versions ?? [])].toReversed()
  }

  holding(appId: string): Deployment[] {
    return [...this.deployments.values()].filter(({ affectedApps }) => affectedApps.includes(appId))
  }

  /** Makes the apps what is wanted, or nothing, by one deployment; throws where another holds one of them. */
  change(wanted: Map<string, Wanted | undefined>, { force, restart = false, made }: Change): Deployment {
    const version = new Date().toISOString()
    const holding = [...new Set([...wanted.keys()].flatMap((id) => this.holding(id)))]
    if (holding.length > 0 && !force) throw new LockedError(holding.map(({ id }) => id))
    for (const one of holding) this.#end(one, 'deployment_failed', { reason: 'cancelled by a forced one' })
    const actions: Action[] = []
    const original: Record<string, App | undefined> = {}
    for (const [id, app] of wanted) {
      const before = this.app(id)
      original[id] = before
      const action = actionOf(before, app, restart)
      if (action) actions.push({ action, app: id })
      if (!action && before) continue
      this.#set(id, app && versioned(app, before, version, restart))
    }
    made?.()
    const steps = actions.length > 0 ? [{ actions }] : []
    const deployment = { id: randomUUID(), version, affectedApps: actions.map(({ app }) => app), steps, original }
    this.deployments.set(deployment.id, deployment)
    this.#store.put(`deployment:${deployment.id}`, deployment)
    this.#emit('group_change_success', { groupId: '/', version })
    this.#emit('deployment_info', { plan: planOf(deployment), currentStep: deployment.steps[0] ?? { actions: [] } })
    if (actions.length === 0) this.#end(deployment, 'deployment_success', {})
    return deployment
  }

  /** Back to what was before the deployment, by a new one. */
  revert(deployment: Deployment): Deployment {
    return this.change(new Map(Object.entries(deployment.original)), { force: true })
  }

  /** Ends each deployment all of whose apps are as they should be. */
  endSettled(isSettled: (appId: string) => boolean) {
    for (const deployment of this.deployments.values())
      if (deployment.affectedApps.every(isSettled)) this.#end(deployment, 'deployment_success', {})
  }

  cancel(deployment: Deployment) {
    this.#end(deployment, 'deployment_failed', { reason: 'cancelled' })
  }

  #end(deployment: Deployment, eventType: 'deployment_success' | 'deployment_failed', keys: object) {
    this.deployments.delete(deployment.id)
    this.#store.put(`deployment:${deployment.id}`, undefined)
    const isGood = eventType === 'deployment_success'
    for (const step of deployment.steps)
      this.#emit(isGood ? 'deployment_step_success' : 'deployment_step_failure', {
        plan: planOf(deployment),
        currentStep: step,
      })
    this.#emit(eventType, { id: deployment.id, plan: planOf(deployment), ...keys })
  }

  #set(id: string, app: App | undefined) {
    if (app) {
      const versions = [...(this.#kept.get(id)?.versions ?? []), app].slice(-this.#mostVersions)
      this.#kept.set(id, { app, versions })
    } else this.#kept.delete(id)
    this.#store.put(`app:${id.slice(1).replaceAll('/', ':')}`, this.#kept.get(id))
  }
}

function actionOf(before: App | undefined, wanted: Wanted | undefined, restart: boolean): Action['action'] | undefined {
  if (!wanted) return before && 'StopApplication'
  if (!before) return 'StartApplication'
  if (restart || isOtherConfig(before, wanted)) return 'RestartApplication'
  return before.instances === wanted.instances ? undefined : 'ScaleApplication'
}

function versioned(app: Wanted, before: App | undefined, version: string, restart: boolean): App {
  const isOther = !before || restart || isOtherConfig(before, app)
  const lastConfigChangeAt = isOther ? version : before.versionInfo.lastConfigChangeAt
  return { ...app, version, versionInfo: { lastScalingAt: version, lastConfigChangeAt } }
}

function planOf({ id, version, steps }: Deployment) {
  return { id, version, steps }
}
