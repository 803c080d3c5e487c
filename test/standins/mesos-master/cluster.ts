import type { Channel } from '../shared/channel.ts'
import { log } from '../shared/program.ts'
import {
  isTerminal,
  type FrameworkInfo,
  type FromAgent,
  type FromFramework,
  type Status,
  type Task,
  type TaskInfo,
  type TaskState,
} from '../shared/protocol.ts'
import { freeOf } from '../shared/resources.ts'
import { type Agent, agentOf, type Framework, now, recoveredFramework, statusOf, tell } from './members.ts'
import type { Registry } from './replicated-log.ts'

interface Timing {
  pingMs: number
  maxMissed: number
  reregisterMs: number
}

interface Options {
  masterId: string
  masterName: string
  timing: Timing
  /** Writes to the registry; who cannot is no master any more. */
  save: (registry: Registry) => Promise<void>
}

/** What the leading master knows: its agents, frameworks and their tasks. */
export class Cluster {
  readonly agents = new Map<string, Agent>()
  readonly unreachable = new Map<string, Agent>()
  readonly frameworks = new Map<string, Framework>()
  readonly completedFrameworks: Framework[] = []
  readonly tasks = new Map<string, Task>()
  readonly #options: Options
  #numbered = 0
  #isOffering = false

  constructor(options: Options, registry: Registry) {
    this.#options = options
    for (const { id, info } of registry.agents) this.agents.set(id, agentOf(id, info, true))
    const { pingMs, reregisterMs } = options.timing
    setInterval(() => this.#ping(), pingMs)
    setTimeout(() => {
      for (const agent of this.agents.values()) if (agent.recovered) void this.#lose(agent, 'it did not register again')
    }, reregisterMs)
  }

  activeAgents() {
    return [...this.agents.values()].filter(({ channel }) => channel)
  }

  tasksOf(agentId: string) {
    return [...this.tasks.values()].filter((task) => task.agentId === agentId && !isTerminal(task.state))
  }

  tasksOfFramework(id: string) {
    return [...this.tasks.values()].filter(({ frameworkId }) => frameworkId === id)
  }

  // Agents

  async heardAgent(channel: Channel, heard: FromAgent, known: Agent | undefined): Promise<Agent | undefined> {
    if (heard.type === 'register') return this.#register(channel, heard)
    if (!known) return undefined
    if (heard.type === 'pong') Object.assign(known, { hasAnswered: true, missed: 0 })
    else {
      this.#told(heard.status)
      if (isTerminal(heard.status.state)) tell(channel, { type: 'acknowledged', taskId: heard.status.taskId })
    }
    return known
  }

  agentClosed(channel: Channel, agent: Agent | undefined) {
    if (!agent || agent.channel !== channel) return
    log(`Agent ${agent.id} at ${agent.info.hostname} disconnected`)
    agent.channel = undefined
    this.#offerSoon()
  }

  async #register(channel: Channel, heard: FromAgent & { type: 'register' }): Promise<Agent> {
    const { info, version } = heard
    const samePlace = [...this.agents.values()].find(
      (one) => one.id !== heard.agentId && one.info.ip === info.ip && one.info.port === info.port,
    )
    if (samePlace) await this.#remove(samePlace, 'a new agent registered at the same address')
    const id = heard.agentId ?? `${this.#options.masterId}-S${this.#numbered++}`
    const known = this.agents.get(id) ?? this.unreachable.get(id)
    const agent = known ?? agentOf(id, info, false)
    if (known?.channel && known.channel !== channel) known.channel.drop()
    const wasKept = this.agents.has(id)
    this.unreachable.delete(id)
    Object.assign(agent, { info, version, channel, recovered: false, missed: 0, hasAnswered: true })
    if (heard.agentId !== undefined) agent.reregisteredAt = now()
    this.agents.set(id, agent)
    if (!wasKept) await this.#save()
    tell(channel, { type: 'registered', agentId: id })
    this.#takeTasks(agent, heard.tasks)
    log(`Registered agent ${id} at ${info.ip}:${info.port} (${info.hostname}) with ${heard.tasks.length} tasks`)
    this.#offerSoon()
    return agent
  }

  /** The agent is right about what runs on it. */
  #takeTasks(agent: Agent, tasks: Task[]) {
    const reported = new Set(tasks.map(({ taskId }) => taskId))
    for (const task of this.tasksOf(agent.id))
      if (!reported.has(task.taskId)) this.#told(statusOf(task, 'TASK_GONE', 'Task is unknown to the agent'))
    for (const task of tasks) {
      if (!this.frameworks.has(task.frameworkId)) this.frameworks.set(task.frameworkId, recoveredFramework(task))
      if (!this.tasks.has(task.taskId)) this.tasks.set(task.taskId, { ...task, agentId: agent.id })
      this.#told({ ...statusOf(task, task.state, task.message), agentId: agent.id })
      if (isTerminal(task.state) && agent.channel) tell(agent.channel, { type: 'acknowledged', taskId: task.taskId })
    }
  }

  #ping() {
    const { maxMissed } = this.#options.timing
    for (const agent of this.agents.values()) {
      if (agent.recovered) continue
      if (!agent.hasAnswered || !agent.channel) agent.missed += 1
      if (agent.missed >= maxMissed) void this.#lose(agent, `it missed ${agent.missed} pings`)
      agent.hasAnswered = false
      if (agent.channel) tell(agent.channel, { type: 'ping' })
    }
  }

  async #lose(agent: Agent, why: string) {
    if (!this.agents.delete(agent.id)) return
    log(`Agent ${agent.id} at ${agent.info.hostname} is unreachable: ${why}`)
    agent.channel?.drop()
    agent.channel = undefined
    this.unreachable.set(agent.id, agent)
    for (const task of this.tasksOf(agent.id))
      this.#told(statusOf(task, 'TASK_UNREACHABLE', `Agent ${agent.info.hostname} is unreachable: ${why}`))
    await this.#save()
    this.#offerSoon()
  }

  async #remove(agent: Agent, why: string) {
    this.agents.delete(agent.id)
    agent.channel?.drop()
    for (const task of this.tasksOf(agent.id))
      this.#told(statusOf(task, 'TASK_GONE', `Agent ${agent.info.hostname} removed: ${why}`))
    await this.#save()
  }

  #save() {
    const agents = [...this.agents.values()].map(({ id, info }) => ({ id, info }))
    return this.#options.save({ agents, unreachable: [...this.unreachable.keys()] })
  }

  // Frameworks

  heardFramework(channel: Channel, heard: FromFramework, known: Framework | undefined): Framework | undefined {
    if (heard.type === 'subscribe') return this.#subscribe(channel, heard.framework)
    if (!known) return undefined
    if (heard.type === 'launch') this.#launch(known, heard.task)
    else if (heard.type === 'kill') this.#kill(known, heard.taskId, heard.agentId)
    else for (const task of heard.tasks) this.#reconcile(known, task)
    return known
  }

  frameworkClosed(channel: Channel, framework: Framework | undefined) {
    if (!framework || framework.channel !== channel) return
    log(`Framework ${framework.info.id} (${framework.info.name}) disconnected`)
    framework.channel = undefined
    framework.expiry = setTimeout(
      () => this.teardown(framework.info.id, 'failover timed out'),
      Math.min(framework.info.failoverMs, 2 ** 31 - 1),
    )
  }

  #subscribe(channel: Channel, given: FrameworkInfo): Framework | undefined {
    const id = given.id ?? `${this.#options.masterId}-${String(this.#numbered++).padStart(4, '0')}`
    if (this.completedFrameworks.some(({ info }) => info.id === id)) {
      tell(channel, { type: 'error', message: 'Framework has been removed' })
      return undefined
    }
    const known = this.frameworks.get(id)
    if (known?.channel) {
      tell(known.channel, { type: 'error', message: 'Framework failed over' })
      known.channel.drop()
    }
    clearTimeout(known?.expiry)
    const framework: Framework = known ?? {
      info: { ...given, id },
      channel,
      registeredAt: now(),
      recovered: false,
      completed: [],
    }
    Object.assign(framework, { info: { ...given, id }, channel, recovered: false })
    if (known) framework.reregisteredAt = now()
    this.frameworks.set(id, framework)
    log(`Subscribed framework ${id} (${given.name}) at ${given.hostname}`)
    tell(channel, { type: 'subscribed', frameworkId: id, master: this.#options.masterName })
    this.#offerSoon()
    return framework
  }

  #launch(framework: Framework, info: TaskInfo) {
    const task: Task = { ...info, frameworkId: framework.info.id, state: 'TASK_STAGING', message: '', at: now() }
    const agent = this.agents.get(info.agentId)
    const refuse = (state: TaskState, message: string) => {
      if (framework.channel) tell(framework.channel, { type: 'update', status: statusOf(task, state, message) })
    }
    if (!agent?.channel) return refuse('TASK_DROPPED', 'Agent is not connected')
    const free = freeOf(agent.info.resources, this.tasksOf(agent.id))
    const lacking = (['cpus', 'mem', 'disk', 'gpus'] as const).find((key) => free[key] + 1e-6 < info[key])
    if (lacking) return refuse('TASK_ERROR', `Task uses more resources than available: ${lacking}`)
    const isFree = (port: number) => free.ports.some(([low, high]) => port >= low && port <= high)
    const taken = info.ports.find((port) => !isFree(port))
    if (taken !== undefined) return refuse('TASK_ERROR', `Task uses port ${taken}, which was not offered`)
    this.tasks.set(task.taskId, task)
    tell(agent.channel, { type: 'launch', task })
    return this.#offerSoon()
  }

  #kill(framework: Framework, taskId: string, agentId: string) {
    const agent = this.agents.get(agentId)
    if (this.tasks.has(taskId) && agent?.channel) return tell(agent.channel, { type: 'kill', taskId })
    return this.#reconcile(framework, { taskId, agentId })
  }

  /** Says what is known of the task; nothing of one whose agent may yet register again. */
  #reconcile(framework: Framework, { taskId, agentId }: { taskId: string; agentId: string }) {
    const task = this.tasks.get(taskId) ?? framework.completed.find((one) => one.taskId === taskId)
    const agent = this.agents.get(agentId)
    if (!framework.channel || agent?.recovered) return
    const base = { taskId, agentId, at: now() }
    const unknown = (): Pick<Status, 'state' | 'message'> => {
      if (agent) return { state: 'TASK_GONE', message: 'Reconciliation: Task is unknown to the agent' }
      return this.unreachable.has(agentId)
        ? { state: 'TASK_UNREACHABLE', message: 'Reconciliation: Task is unreachable' }
        : { state: 'TASK_UNKNOWN', message: 'Reconciliation: Task is unknown' }
    }
    const status: Status = task ? statusOf(task, task.state, task.message) : { ...base, ...unknown() }
    tell(framework.channel, { type: 'update', status })
  }

  /** Ends a framework with all its tasks; false where it is unknown. */
  teardown(id: string, why: string): boolean {
    const framework = this.frameworks.get(id)
    if (!framework) return false
    log(`Framework ${id} is removed: ${why}`)
    for (const task of this.tasksOfFramework(id)) {
      const channel = this.agents.get(task.agentId)?.channel
      if (channel) tell(channel, { type: 'kill', taskId: task.taskId })
    }
    this.frameworks.delete(id)
    framework.unregisteredAt = now()
    this.completedFrameworks.push(framework)
    if (framework.channel) tell(framework.channel, { type: 'error', message: 'Framework has been removed' })
    return true
  }

  // Both

  #told(status: Status) {
    const task = this.tasks.get(status.taskId)
    if (!task) return
    Object.assign(task, { state: status.state, message: status.message, at: status.at })
    const framework = this.frameworks.get(task.frameworkId)
    if (isTerminal(status.state)) {
      this.tasks.delete(task.taskId)
      framework?.completed.push(task)
      if (framework && framework.completed.length > 1000) framework.completed.shift()
      this.#offerSoon()
    }
    if (framework?.channel) tell(framework.channel, { type: 'update', status })
  }

  #offerSoon() {
    if (this.#isOffering) return
    this.#isOffering = true
    setTimeout(() => {
      this.#isOffering = false
      const offers = this.activeAgents().map(({ id, info }) => ({
        agentId: id,
        info,
        free: freeOf(info.resources, this.tasksOf(id)),
      }))
      for (const { channel } of this.frameworks.values()) if (channel) tell(channel, { type: 'offers', offers })
    }, 50)
  }
}
