import type { Log } from '../cli/command.ts'
import { ResourceId } from '../protocol/catalog.ts'
import type { Report } from '../protocol/events.ts'
import type { AgentMessage, ServerMessage } from '../protocol/messages.ts'
import type { Agent } from './agent.ts'
import { type Connection, keepConnected } from './link/connection.ts'
import { FactsTold } from './link/facts-told.ts'
import { Cluster } from './cluster/cluster.ts'
import { Drift } from './drift/drift.ts'
import { joined, kindOf } from './runs/joined.ts'
import { Progress } from './runs/progress.ts'
import { toldRun } from './runs/show.ts'
import { reportOfNone } from './runs/report.ts'
import { Refused, type Request } from './runs/run.ts'
import { Rest } from './rest.ts'
import { Schedule } from './schedule.ts'
import { Taking } from './taking.ts'
import { noteStatus } from './kept/note-status.ts'
import type { State } from './kept/state.ts'
import { messageOf } from '../protocol/errors.ts'
import type { Upgrades } from './upgrade/upgrades.ts'
import type { Hooks } from './runs/walk.ts'

/** Unless the server says otherwise. */
const standardIntervalMs = 30 * 60 * 1000

/** The resident agent: converges on its schedule, on a new catalog and on orders, and brings its reports to the server. */
export class Daemon {
  readonly #agent: Agent
  readonly #state: State
  readonly #log: Log
  readonly #mayRun: () => void
  readonly #stopping = new AbortController()
  /** At most one run of each kind waits: what asks for one in the meantime joins it. */
  readonly #pending = new Map<string, Request>()
  #running: { request: Request; abort: AbortController } | undefined
  #runs = Promise.resolve()
  readonly #schedule: Schedule
  readonly #rest = new Rest()
  readonly #taking: Taking
  #connection: Connection | undefined
  readonly #drift: Drift
  readonly #cluster: Cluster
  /** The gates that were closed in the last run. */
  #closed: ResourceId[] = []
  /** Ends a series of repairs when another run is asked for. */
  #yielding = new AbortController()
  #session = ''
  /** What to add to our clock to have the server's. */
  #serverAheadMs = 0
  readonly #facts: FactsTold
  readonly #upgrades: Upgrades

  /** `mayRun` throws while no run may be made, and says why. */
  constructor(agent: Agent, state: State, log: Log, mayRun = () => {}) {
    this.#agent = agent
    this.#mayRun = mayRun
    this.#state = state
    this.#log = log
    this.#schedule = new Schedule({
      node: agent.identity.node,
      intervalMs: () => state.readSettings()?.intervalMs ?? standardIntervalMs,
      turn: () => agent.catalog.isThere && this.#request({ mode: 'converge', trigger: 'schedule', orders: [] }),
    })
    this.#drift = new Drift({
      drifted: () => this.#request({ mode: 'converge', trigger: 'drift', orders: [] }),
      watchUnits: (names, changed) => agent.runner.watchUnits(names, changed),
      log,
    })
    this.#taking = new Taking({
      take: (catalog) => agent.take(catalog, this.#session),
      settled: () => this.#request({ mode: 'converge', trigger: 'catalog', orders: [] }),
      isRunning: () => this.#running !== undefined || this.#pending.size > 0,
      isConnected: () => this.#connection !== undefined,
      log,
    })
    this.#facts = new FactsTold(agent.readFacts)
    this.#upgrades = agent.upgrades({
      whenIdle: (job) => this.#queue(job),
      look: () => this.#request({ mode: 'plan', trigger: 'start', orders: [] }),
      stopping: this.#stopping.signal,
    })
    this.#cluster = new Cluster({
      gates: agent.gates,
      leases: agent.leases,
      host: { run: agent.runBeside },
      wake: (trigger) => this.#request({ mode: 'converge', trigger, orders: [] }),
      isBusy: () => this.#running !== undefined || agent.reboots.pending !== undefined,
    })
  }

  /** Runs until `stop`. */
  async run() {
    const watching = this.#agent.delivery.watch(() => void (this.#running || this.#followCluster()))
    const endUpgrades = this.#upgrades.begin()
    const resumed = this.#agent.reboots.resumed
    if (resumed) this.#request({ mode: 'converge', trigger: 'boot', orders: resumed })
    else if (this.#agent.catalog.isThere) this.#request({ mode: 'converge', trigger: 'start', orders: [] })
    this.#schedule.begin()
    await keepConnected(
      {
        ...this.#agent.connecting(),
        receive: (message, connection) => this.#receive(message, connection),
        opened: (connection, detail) => this.#opened(connection, detail),
      },
      this.#stopping.signal,
    )
    watching.close()
    endUpgrades()
    await this.#runs
    // Only now: the last run has set them anew.
    this.#schedule.close()
    this.#rest.end()
    this.#drift.close()
    this.#cluster.close()
  }

  /** Lets the resource under way finish, spools the report and closes the connection. */
  stop() {
    this.#stopping.abort()
    this.#taking.stop()
    this.#pending.clear()
    this.#yielding.abort()
    this.#running?.abort.abort()
  }

  #opened(connection: Connection | undefined, detail?: string) {
    this.#connection = connection
    if (!connection) {
      this.#taking.disconnected()
      for (const part of [this.#agent.delivery, this.#cluster, this.#upgrades]) part.connected(undefined)
    }
    noteStatus(this.#state, connection !== undefined, detail, this.#log)
  }

  async #receive(message: ServerMessage, connection: Connection) {
    switch (message.type) {
      case 'welcome':
        this.#session = message.session
        this.#serverAheadMs = message.clock - Date.now()
        await this.#agent.welcome(message, connection)
        await this.#facts.greeted()
        this.#schedule.begin()
        this.#log(`connected to ${this.#agent.identity.url} as ${message.node}`, { node: message.node })
        this.#cluster.connected(connection.send, () => Date.now() + this.#serverAheadMs)
        this.#agent.delivery.connected(connection)
        return this.#upgrades.connected(connection)
      case 'catalog':
        return this.#taking.take(message.catalog)
      case 'no-catalog':
        this.#taking.none()
        return this.#log(`the server has no catalog for this node (${message.why}): ${message.reason}`)
      case 'order':
        return this.#order(message, connection)
      case 'upgrade':
        return this.#upgrades.order(message, this.#isLate(message))
      case 'upgrade-stored':
        return this.#upgrades.stored(message.order)
      case 'cancel':
        this.#upgrades.cancel(message.id)
        return this.#cancel(message.id)
      case 'stored':
        return this.#agent.delivery.stored(message.run)
      case 'lease':
      case 'no-lease':
      case 'gates':
        return this.#cluster.receive(message)
      case 'current':
      case 'challenge':
        return undefined
    }
  }

  #isLate = ({ startBy }: { startBy: number }) => Date.now() + this.#serverAheadMs > startBy

  #order(order: ServerMessage & { type: 'order' }, connection: Connection) {
    const { id, mode, plan } = order
    const missing = this.#agent.catalog.isThere ? undefined : 'this node has no catalog yet'
    const reason = this.#isLate(order) ? 'the order came after its time' : (this.#taking.trouble ?? missing)
    if (reason !== undefined) {
      this.#log(`order refused: ${reason}`, { level: 'warn', order: id })
      return connection.send({ type: 'refused', order: id, reason })
    }
    this.#log('order taken', { order: id, mode })
    connection.send({ type: 'delivered', order: id })
    const requests = [this.#running?.request, ...this.#pending.values()]
    const known = requests.some((request) => request?.orders.includes(id)) || this.#agent.delivery.answers(id)
    if (!known) this.#request({ mode, trigger: 'order', orders: [id], ...(plan === undefined ? {} : { plan }) })
  }

  #cancel(id: string) {
    for (const [kind, request] of this.#pending) {
      const orders = request.orders.filter((order) => order !== id)
      if (orders.length === 0 && request.trigger === 'order') this.#pending.delete(kind)
      else this.#pending.set(kind, { ...request, orders })
    }
    const { request, abort } = this.#running ?? {}
    if (request?.trigger === 'order' && request.orders.every((order) => order === id)) abort?.abort()
  }

  #request(request: Request) {
    if (this.#stopping.signal.aborted) return
    if (request.mode === 'converge' && request.trigger !== 'drift') this.#taking.beginSettled()
    if (request.trigger !== 'drift') this.#yielding.abort()
    const kind = kindOf(request)
    const waiting = this.#pending.get(kind)
    this.#pending.set(kind, waiting ? joined(waiting, request) : request)
    if (!waiting) this.#queue(() => this.#next())
  }

  #queue(job: () => Promise<void>) {
    this.#runs = this.#runs.then(job).catch((error: unknown) => this.#log(String(error), { level: 'error' }))
  }

  async #next() {
    const [request] = this.#pending.values()
    if (!request) return
    this.#pending.delete(kindOf(request))
    this.#rest.end()
    const abort = new AbortController()
    this.#running = { request, abort }
    const progress = new Progress((message) => this.#tell(message))
    const startedAt = performance.now()
    try {
      const reports = await this.#make(request, {
        signal: abort.signal,
        waiting: (pid) => this.#log(`waiting for the run of process ${pid}`),
        started: progress.started,
        event: progress.event,
      })
      const tookMs = performance.now() - startedAt
      // Who watches sees the last of it before the result.
      progress.flush()
      for (const report of reports) this.#agent.delivery.add(report)
      for (const { run } of reports) {
        this.#closed = Object.keys(run.waits ?? {}).flatMap((id) => ResourceId.safeParse(id).data ?? [])
        this.#log('run over', toldRun(run, tookMs))
        this.#upgrades.ran(run)
      }
    } catch (error) {
      if (request.trigger === 'drift') this.#drift.again()
      if (error instanceof Refused) this.#refused(request, error.message)
      else if (request.trigger === 'drift')
        this.#log(`drift cannot be repaired now: ${messageOf(error)}`, { level: 'warn' })
      else if (this.#stopping.signal.aborted) throw error
      else this.#failed(request, messageOf(error))
    } finally {
      this.#running = undefined
      progress.flush()
    }
    await this.#goOn(request)
  }

  #tell(message: AgentMessage) {
    this.#connection?.send(message)
    return this.#connection !== undefined
  }

  /** What a run leaves to be followed. */
  async #goOn({ trigger }: Request) {
    const catalog = this.#agent.catalog.read()
    this.#drift.follow(catalog)
    await this.#schedule.follow(catalog?.head.policies)
    await this.#followCluster()
    if (trigger !== 'drift') await this.#facts.renew(this.#connection)
    this.#rest.begin()
  }

  async #followCluster() {
    const { catalog, runner } = this.#agent
    await this.#cluster.follow(catalog.read(), await runner.needsLease(), this.#closed)
  }

  #make(request: Request, hooks: Hooks): Promise<Report[]> {
    this.#mayRun()
    const { runner } = this.#agent
    if (request.trigger !== 'drift') {
      if (request.mode === 'converge') this.#drift.forget()
      return runner.run(request, hooks)
    }
    // What the one before it wants is no longer to be made: the run of the new one looks at all of it.
    const catalog = this.#agent.catalog.read()
    if (!this.#drift.follows(catalog)) this.#drift.follow(catalog)
    this.#yielding = new AbortController()
    if (this.#pending.size > 0) this.#yielding.abort()
    const { isNews, flaps } = this.#drift
    return runner.repair({ batches: this.#drift.batches(this.#yielding.signal), isNews, flaps }, hooks)
  }

  #failed(request: Request, error: string) {
    this.#log(`no run (${request.trigger}): ${error}`, { level: 'error', orders: request.orders })
    this.#agent.delivery.add(reportOfNone(request, error, Date.now()))
  }

  // Where the connection is away, the server sends the orders again, and they are refused then.
  #refused({ orders, trigger }: Request, reason: string) {
    this.#log(`no run (${trigger}): ${reason}`, { level: 'warn', orders })
    for (const order of orders) this.#connection?.send({ type: 'refused', order, reason })
  }
}
