import { randomUUID } from 'node:crypto'
import { log } from '../shared/program.ts'
import { isTerminal, type FromFramework, type Offer, type Status, type TaskInfo } from '../shared/protocol.ts'
import { withoutPorts } from '../shared/resources.ts'
import type { App } from './app.ts'
import { environmentOf } from './environment.ts'
import type { Group } from './group.ts'
import { type Instance, isInactive, planOf } from './plan.ts'
import { placeFor } from './placement.ts'
import type { Store } from './store.ts'

interface Options {
  group: Group
  store: Store
  user: string
  emit: (eventType: string, keys: object) => void
  say: (message: FromFramework) => void
  launchTimeoutMs: number
}

export interface Failure {
  appId: string
  host: string
  message: string
  slaveId: string
  state: string
  taskId: string
  timestamp: string
  version: string
}

interface Backoff {
  version: string
  delayMs: number
  until: number
}

/** Makes what runs be what the group wants. */
export class Scheduler {
  readonly instances = new Map<string, Instance>()
  readonly failures = new Map<string, Failure>()
  frameworkId = ''
  readonly #options: Options
  readonly #backoffs = new Map<string, Backoff>()
  readonly #killSaidAt = new WeakMap<Instance, number>()
  #offers: Offer[] = []

  constructor(options: Options) {
    this.#options = options
  }

  async load() {
    for (const text of (await this.#options.store.readAll('instances:')).values()) {
      const kept: Instance[] = JSON.parse(text)
      for (const instance of kept) this.instances.set(instance.taskId, { ...instance, health: [] })
    }
    setInterval(() => this.tick(), 500)
  }

  of(appId: string): Instance[] {
    return [...this.instances.values()]
      .filter((one) => one.appId === appId)
      .toSorted((one, other) => (one.taskId < other.taskId ? -1 : 1))
  }

  subscribed(frameworkId: string) {
    this.frameworkId = frameworkId
    const tasks = [...this.instances.values()].map(({ taskId, agentId }) => ({ taskId, agentId }))
    this.#options.say({ type: 'reconcile', tasks })
    for (const instance of this.instances.values()) if (instance.killing) this.#sayKill(instance)
  }

  disconnected() {
    this.#offers = []
  }

  offered(offers: Offer[]) {
    this.#offers = offers
    this.tick()
  }

  /** The next step of everything. */
  tick() {
    const { group } = this.#options
    const now = Date.now()
    for (const instance of this.instances.values()) this.#look(instance, now)
    for (const app of group.apps()) {
      const plan = planOf(app, this.of(app.id), now)
      for (const instance of plan.kill) this.kill(instance)
      if (plan.launch > 0) this.#launch(app, plan.launch, now)
    }
    for (const instance of this.instances.values()) if (!group.app(instance.appId)) this.kill(instance)
    group.endSettled((id) => {
      const app = group.app(id)
      return app ? planOf(app, this.of(id), now).settled : this.of(id).length === 0
    })
  }

  kill(instance: Instance) {
    if (instance.killing) return
    instance.killing = true
    this.#sayKill(instance)
    this.#save(instance.appId)
  }

  #sayKill(instance: Instance) {
    this.#killSaidAt.set(instance, Date.now())
    this.#options.say({ type: 'kill', taskId: instance.taskId, agentId: instance.agentId })
  }

  /** When the app is launched again after what failed; nothing when at once. */
  delayedUntil(app: App): number | undefined {
    const backoff = this.#backoffs.get(app.id)
    return backoff?.version === app.versionInfo.lastConfigChangeAt && backoff.until > Date.now()
      ? backoff.until
      : undefined
  }

  resetDelay(appId: string) {
    this.#backoffs.delete(appId)
  }

  told(status: Status) {
    const instance = this.instances.get(status.taskId)
    if (!instance) return this.#toldOfUnknown(status)
    const was = instance.state
    if (was === status.state && !isTerminal(status.state)) return undefined
    const { appId } = instance
    instance.state = status.state
    if (status.state === 'TASK_RUNNING') instance.startedAt ??= new Date(status.at * 1000).toISOString()
    if (status.state === 'TASK_UNREACHABLE') instance.unreachableSince ??= Date.now()
    else delete instance.unreachableSince
    const isOver = isTerminal(status.state)
    if (isOver) this.instances.delete(instance.taskId)
    if (isOver && !instance.killing) this.#failed(instance, status)
    this.#save(appId)
    this.#tell(instance, status)
    if (isOver && !this.#options.group.app(appId) && this.of(appId).length === 0)
      this.#options.emit('app_terminated_event', { appId })
    return this.tick()
  }

  /** The master shows no such task any more, or has not heard of a kill. */
  #look(instance: Instance, now: number) {
    const app = this.#options.group.app(instance.appId)
    const strategy = app?.unreachableStrategy
    if (app && strategy && strategy !== 'disabled' && isInactive(app, instance, now)) {
      const expungedAt = (instance.unreachableSince ?? now) + strategy.expungeAfterSeconds * 1000
      if (now >= expungedAt) this.#forget(instance)
    }
    if (instance.killing && now - (this.#killSaidAt.get(instance) ?? 0) > 10_000) this.#sayKill(instance)
    if (!app && instance.unreachableSince !== undefined) this.#forget(instance)
    const isStaged = instance.state === 'TASK_STAGING' || instance.state === 'TASK_STARTING'
    if (isStaged && now - Date.parse(instance.stagedAt) > this.#options.launchTimeoutMs) {
      log(`${instance.taskId} was not running in time`)
      this.kill(instance)
    }
  }

  #forget(instance: Instance) {
    log(`${instance.taskId} is forgotten, as its agent ${instance.host} is unreachable`)
    this.instances.delete(instance.taskId)
    this.#save(instance.appId)
  }

  /** One that was given up, on an agent that came back. */
  #toldOfUnknown({ taskId, agentId, state }: Status) {
    if (isTerminal(state) || state === 'TASK_UNREACHABLE') return
    this.#options.emit('unknown_instance_terminated_event', { instanceId: instanceIdOf(taskId), taskId })
    this.#options.say({ type: 'kill', taskId, agentId })
  }

  #failed(instance: Instance, { state, message, at }: Status) {
    const app = this.#options.group.app(instance.appId)
    this.failures.set(instance.appId, {
      appId: instance.appId,
      host: instance.host,
      message,
      slaveId: instance.agentId,
      state,
      taskId: instance.taskId,
      timestamp: new Date(at * 1000).toISOString(),
      version: instance.version,
    })
    if (!app || !['TASK_FAILED', 'TASK_FINISHED', 'TASK_ERROR', 'TASK_GONE', 'TASK_DROPPED'].includes(state)) return
    const version = app.versionInfo.lastConfigChangeAt
    const before = this.#backoffs.get(app.id)
    const first = app.backoffSeconds * 1000
    const delayMs =
      before?.version === version
        ? Math.min(before.delayMs * app.backoffFactor, app.maxLaunchDelaySeconds * 1000)
        : first
    this.#backoffs.set(app.id, { version, delayMs, until: Date.now() + delayMs })
  }

  #launch(app: App, count: number, now: number) {
    if ((this.delayedUntil(app) ?? now) > now) return
    for (let launched = 0; launched < count; launched++) {
      const place = placeFor(
        app,
        this.#offers,
        this.of(app.id).filter(({ killing }) => !killing),
      )
      if (!place) return
      const { offer, ports } = place
      this.#take(offer, app, ports)
      const instance = instanceOf(app, offer, ports)
      this.instances.set(instance.taskId, instance)
      this.#save(app.id)
      this.#tell(instance, { state: 'TASK_STAGING', message: '' })
      this.#options.say({ type: 'launch', task: this.#infoOf(app, instance) })
    }
  }

  /** What is taken of an offer before the master says what is left. */
  #take(offer: Offer, app: App, ports: number[]) {
    const { free } = offer
    for (const key of ['cpus', 'mem', 'disk', 'gpus'] as const) free[key] -= app[key]
    free.ports = withoutPorts(free.ports, ports)
  }

  #infoOf(app: App, instance: Instance): TaskInfo {
    const docker = app.container?.docker
    const mappings = app.container?.portMappings ?? []
    return {
      taskId: instance.taskId,
      frameworkId: this.frameworkId,
      agentId: instance.agentId,
      name: app.id.split('/').filter(Boolean).toReversed().join('.'),
      user: app.user ?? this.#options.user,
      ...(app.cmd !== undefined && { cmd: app.cmd }),
      ...(app.args && { args: app.args }),
      ...(docker && { image: docker.image }),
      env: environmentOf(app, instance),
      cpus: app.cpus,
      mem: app.mem,
      disk: app.disk,
      gpus: app.gpus,
      ports: instance.ports,
      published: mappings
        .filter(({ hostPort }) => hostPort !== undefined)
        .map(({ containerPort, protocol }, index) => {
          const hostPort = instance.ports[index] ?? 0
          return { hostPort, containerPort: containerPort || hostPort, protocol }
        }),
      killGraceMs: (app.taskKillGracePeriodSeconds ?? 3) * 1000,
      labels: app.labels,
    }
  }

  #tell(instance: Instance, { state, message }: Pick<Status, 'state' | 'message'>) {
    const { taskId, appId, agentId, host, ports, version, ip } = instance
    this.#options.emit('instance_changed_event', {
      instanceId: instanceIdOf(taskId),
      condition: conditionOf(state),
      runSpecId: appId,
      agentId,
      host,
      runSpecVersion: version,
    })
    const ipAddresses = [{ ipAddress: ip, protocol: 'IPv4' }]
    this.#options.emit('status_update_event', {
      slaveId: agentId,
      taskId,
      taskStatus: state,
      message,
      appId,
      host,
      ipAddresses,
      ports,
      version,
    })
  }

  #save(appId: string) {
    const instances = this.of(appId)
    this.#options.store.put(
      `instances:${appId.slice(1).replaceAll('/', ':')}`,
      instances.length > 0 ? instances : undefined,
    )
  }
}

function instanceOf(app: App, { agentId, info }: Offer, ports: number[]): Instance {
  return {
    taskId: `${app.id.slice(1).replaceAll('/', '_')}.instance-${randomUUID()}._app.1`,
    appId: app.id,
    agentId,
    host: info.hostname,
    ip: info.ip,
    ports,
    state: 'TASK_STAGING',
    stagedAt: new Date().toISOString(),
    version: app.version,
    configVersion: app.versionInfo.lastConfigChangeAt,
    killing: false,
    health: [],
    attributes: info.attributes,
  }
}

export function instanceIdOf(taskId: string) {
  return taskId.replace(/\._app\.\d+$/, '')
}

/** `TASK_RUNNING` is `Running` in events. */
function conditionOf(state: string) {
  const word = state.replace('TASK_', '').toLowerCase()
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`
}
