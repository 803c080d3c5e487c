import { type Catalog, digestOf } from '../protocol/catalog.ts'
import type { Report } from '../protocol/events.ts'
import type { ServerMessage } from '../protocol/messages.ts'
import type { Agent } from './agent.ts'
import { type Connection, keepConnected } from './link/connection.ts'
import { Drift } from './drift/drift.ts'
import { progressTo } from './runs/progress.ts'
import { reportOfNone } from './runs/report.ts'
import { Refused, type Request } from './runs/run.ts'
import { Rest } from './rest.ts'
import { Schedule } from './schedule.ts'
import type { State } from './kept/state.ts'
import { messageOf } from '../protocol/errors.ts'
import type { Hooks } from './runs/walk.ts'

/** Unless the server says otherwise. */
const standardIntervalMs = 30 * 60 * 1000
/** How long a new catalog waits for the next one before a run begins. */
const settleMs = 2000
/** After a catalog could not be written down. */
const retakeMs = 30_000

/** The resident agent: converges on its schedule, on a new catalog and on orders, and brings its reports to the server. */
export class Daemon {
  readonly #agent: Agent
  readonly #state: State
  readonly #log: (line: string) => void
  readonly #mayRun: () => void
  readonly #stopping = new AbortController()
  /** At most one run of each kind waits: what asks for one in the meantime joins it. */
  readonly #pending = new Map<string, Request>()
  #running: { request: Request; abort: AbortController } | undefined
  #runs = Promise.resolve()
  readonly #schedule: Schedule
  readonly #rest = new Rest()
  #settling: NodeJS.Timeout | undefined
  #retaking: NodeJS.Timeout | undefined
  #newest: Catalog | undefined
  #taking = Promise.resolve()
  /** Why the newest catalog is not on this node. */
  #trouble: string | undefined
  #connection: Connection | undefined
  readonly #drift: Drift
  /** Ends a series of repairs when another run is asked for. */
  #yielding = new AbortController()
  #session = ''
  /** What to add to our clock to have the server's. */
  #serverAheadMs = 0
  #factsSent = ''

  /** `mayRun` throws while no run may be made, and says why. */
  constructor(agent: Agent, state: State, log: (line: string) => void, mayRun = () => {}) {
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
  }

  /** Runs until `stop`. */
  async run() {
    const watching = this.#agent.delivery.watch()
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
    await this.#runs
    // Only now: the last run has set them anew.
    this.#schedule.close()
    this.#rest.end()
    this.#drift.close()
  }

  /** Lets the resource under way finish, spools the report and closes the connection. */
  stop() {
    this.#stopping.abort()
    clearTimeout(this.#settling)
    this.#pending.clear()
    this.#yielding.abort()
    this.#running?.abort.abort()
  }

  #opened(connection: Connection | undefined, detail?: string) {
    this.#connection = connection
    if (!connection) {
      clearTimeout(this.#retaking)
      this.#agent.delivery.connected(undefined)
    }
    const status = { pid: process.pid, connected: connection !== undefined, since: Date.now() }
    try {
      this.#state.writeStatus(detail === undefined ? status : { ...status, detail })
    } catch (error) {
      this.#log(`status.json cannot be written: ${messageOf(error)}`)
    }
  }

  async #receive(message: ServerMessage, connection: Connection) {
    switch (message.type) {
      case 'welcome':
        this.#session = message.session
        this.#serverAheadMs = message.clock - Date.now()
        await this.#agent.welcome(message, connection)
        this.#factsSent = digestOf(await this.#agent.readFacts())
        this.#schedule.begin()
        this.#log(`connected to ${this.#agent.identity.url} as ${message.node}`)
        return this.#agent.delivery.connected(connection)
      case 'catalog':
        return this.#take(message.catalog)
      case 'no-catalog':
        this.#newest = undefined
        this.#trouble = undefined
        return this.#log(`the server has no catalog for this node (${message.why}): ${message.reason}`)
      case 'order':
        return this.#order(message, connection)
      case 'cancel':
        return this.#cancel(message.id)
      case 'stored':
        return this.#agent.delivery.stored(message.run)
      case 'current':
      case 'challenge':
        return undefined
    }
  }

  // One after another, so that an older one that is tried again never comes after a newer one.
  #take(catalog: Catalog) {
    this.#newest = catalog
    clearTimeout(this.#retaking)
    this.#taking = this.#taking.then(() => this.#takeNow(catalog))
    return this.#taking
  }

  // With a full disk a catalog cannot be taken now; the connection stays, for the reports, and orders are refused with the reason.
  async #takeNow(catalog: Catalog) {
    try {
      await this.#agent.take(catalog, this.#session)
      this.#trouble = undefined
      this.#settle()
    } catch (error) {
      this.#trouble = `the node cannot take its new catalog: ${messageOf(error)}`
      this.#log(`${this.#trouble}; next attempt in ${retakeMs / 1000} s`)
      const again = () => void (catalog === this.#newest && this.#take(catalog))
      if (this.#connection) this.#retaking = setTimeout(again, retakeMs)
    }
  }

  // Edits come in bursts, and one run serves them all. Whatever else asks for a run begins it at once.
  #settle() {
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => this.#beginSettled(), settleMs)
    if (this.#running || this.#pending.size > 0) this.#beginSettled()
  }

  #beginSettled() {
    if (!this.#settling) return
    clearTimeout(this.#settling)
    this.#settling = undefined
    this.#request({ mode: 'converge', trigger: 'catalog', orders: [] })
  }

  #order({ id, mode, startBy, plan }: ServerMessage & { type: 'order' }, connection: Connection) {
    const isLate = Date.now() + this.#serverAheadMs > startBy
    const missing = this.#agent.catalog.isThere ? undefined : 'this node has no catalog yet'
    const reason = isLate ? 'the order came after its time' : (this.#trouble ?? missing)
    if (reason !== undefined) return connection.send({ type: 'refused', order: id, reason })
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
    if (request.mode === 'converge' && request.trigger !== 'drift') this.#beginSettled()
    if (request.trigger !== 'drift') this.#yielding.abort()
    const kind = kindOf(request)
    const waiting = this.#pending.get(kind)
    this.#pending.set(kind, waiting ? joined(waiting, request) : request)
    if (!waiting) this.#runs = this.#runs.then(() => this.#next()).catch((error: unknown) => this.#log(String(error)))
  }

  async #next() {
    const [request] = this.#pending.values()
    if (!request) return
    this.#pending.delete(kindOf(request))
    this.#rest.end()
    const abort = new AbortController()
    this.#running = { request, abort }
    const progress = progressTo((message) => this.#connection?.send(message))
    const startedAt = performance.now()
    try {
      const reports = await this.#make(request, {
        signal: abort.signal,
        waiting: (pid) => this.#log(`waiting for the run of process ${pid}`),
        ...progress,
      })
      const tookMs = performance.now() - startedAt
      // Who watches sees the last of it before the result.
      progress.flush()
      for (const report of reports) this.#agent.delivery.add(report)
      for (const { run } of reports) {
        this.#log(
          `run ${run.id} (${run.mode}, ${run.trigger}): ${run.outcome} in ${tookMs.toFixed(1)} ms${run.error ? `: ${run.error}` : ''}`,
        )
      }
    } catch (error) {
      if (request.trigger === 'drift') this.#drift.again()
      if (error instanceof Refused) this.#refused(request, error.message)
      else if (request.trigger === 'drift') this.#log(`drift cannot be repaired now: ${messageOf(error)}`)
      else if (this.#stopping.signal.aborted) throw error
      else this.#failed(request, messageOf(error))
    } finally {
      this.#running = undefined
      progress.flush()
    }
    const catalog = this.#agent.catalog.read()
    this.#drift.follow(catalog)
    await this.#schedule.follow(catalog?.head.policies)
    if (request.trigger !== 'drift') await this.#renewFacts()
    this.#rest.begin()
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
    this.#log(`no run (${request.trigger}): ${error}`)
    this.#agent.delivery.add(reportOfNone(request, error, Date.now()))
  }

  // Where the connection is away, the server sends the orders again, and they are refused then.
  #refused({ orders, trigger }: Request, reason: string) {
    this.#log(`no run (${trigger}): ${reason}`)
    for (const order of orders) this.#connection?.send({ type: 'refused', order, reason })
  }

  async #renewFacts() {
    const facts = await this.#agent.readFacts()
    if (!this.#connection || digestOf(facts) === this.#factsSent) return
    this.#factsSent = digestOf(facts)
    this.#connection.send({ type: 'facts', facts })
  }
}

// What is to do just what a plan said is a run of its own.
function kindOf({ mode, trigger, plan = '' }: Request) {
  return trigger === 'drift' ? trigger : `${mode} ${plan}`
}

// A run that has another reason than an order is not cancelled with the order.
function joined(waiting: Request, request: Request): Request {
  const { trigger } = waiting.trigger === 'order' ? request : waiting
  return { ...waiting, trigger, orders: [...waiting.orders, ...request.orders] }
}
