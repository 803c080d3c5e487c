import { randomUUID } from 'node:crypto'
import type { Report, RunMode, Trigger } from '../../protocol/events.ts'
import type { RealHost } from '../machine/host.ts'
import { faultPoint } from '../../resources/fault-points.ts'
import { type Begun, Journal } from '../kept/journal.ts'
import type { PreparedCatalog } from '../kept/kept-catalog.ts'
import { Ledger } from '../kept/ledger.ts'
import { waitForLock } from '../kept/lock.ts'
import { type ResourceTypes, unitsOf } from './prepare.ts'
import type { Reboots } from './reboot.ts'
import { recover } from './recover.ts'
import type { Spool } from '../kept/spool.ts'
import type { LeaseTaker, Needed } from '../cluster/leases.ts'
import { whyDisabled } from './stance.ts'
import { heldBack } from './waiting.ts'
import { type Drifting, type Hooks, Walk } from './walk.ts'

/** What asks for a run. */
export interface Request {
  mode: RunMode
  trigger: Trigger
  orders: string[]
  /** Converge only if this is what the machine's plan is now. */
  plan?: string
}

export interface RunnerOptions {
  /** The same object as long as the catalog is the same. */
  readCatalog: () => PreparedCatalog | undefined
  types: ResourceTypes
  host: RealHost
  spool: Spool
  reboots: Reboots
  leases: LeaseTaker
  journalPath: string
  ledgerPath: string
  lockPath: string
  now: () => number
}

/** Thrown where no run is made, and none is reported: the node is disabled, or its plan is another by now. */
export class Refused extends Error {}

/** What a run goes over. */
interface Over {
  begun: Begun
  found: PreparedCatalog | undefined
  ledger: Ledger
  earlier: Report | undefined
}

/** Makes runs, one at a time on this machine, whoever asks. */
export class Runner {
  readonly #options: RunnerOptions
  #known: PreparedCatalog | undefined

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  /** Does one run and spools its report; before it goes the report of a run in whose middle the agent died. The last one is this run's. */
  run({ plan: expected, ...asked }: Request, hooks: Hooks = {}): Promise<Report[]> {
    return this.#locked(asked, hooks, async (over) => {
      if (expected !== undefined) await this.#expect(expected, over)
      faultPoint('run.begun')
      hooks.started?.(over.begun, over.found?.prepared.length ?? 0)
      return this.#walk(over, hooks).report()
    })
  }

  /** Repairs what each batch names, until no more come. Gives no report where there was nothing to tell. */
  repair(drifting: Drifting, hooks: Hooks): Promise<Report[]> {
    const request: Request = { mode: 'converge', trigger: 'drift', orders: [] }
    return this.#locked(request, hooks, (over) => {
      hooks.started?.(over.begun, over.found?.prepared.length ?? 0)
      return this.#walk(over, hooks).repair(drifting)
    })
  }

  async #locked(
    asked: Omit<Request, 'plan'>,
    hooks: Hooks,
    work: (over: Over) => Promise<Report | undefined>,
  ): Promise<Report[]> {
    const { lockPath, now, ledgerPath } = this.#options
    const lock = await waitForLock(lockPath, hooks.waiting, hooks.signal)
    try {
      const found = this.#current()
      await this.#refuse(asked, found)
      const ledger = new Ledger(ledgerPath)
      const earlier = await recover(found?.prepared ?? [], ledger, this.#options)
      const begun: Begun = { id: randomUUID(), ...asked, catalog: found?.digest ?? null, startedAt: now() }
      const report = await work({ begun, found, ledger, earlier })
      return [earlier, report].filter((one) => one !== undefined)
    } finally {
      lock.release()
    }
  }

  /** What is owed and could be done now, but for a lease. */
  async needsLease(): Promise<Needed[]> {
    const { readCatalog, journalPath, host, now } = this.#options
    const found = readCatalog()
    const { owed } = new Journal(journalPath)
    if (!found || owed.length === 0) return []
    const { holdsBack } = await heldBack(found, host, now())
    return owed.flatMap(({ action, target }) => {
      const one = found.prepared.find(({ id }) => id === target)
      const rule = one?.resource.lease
      return one && rule && !holdsBack(one) ? [{ rule, action: `${action} ${target}` }] : []
    })
  }

  /** Tells the names of units that may have changed, until it is closed. */
  watchUnits(names: string[], changed: (name: string) => void) {
    return this.#options.host.watchUnits(names, changed)
  }

  #walk(over: Over, hooks: Hooks) {
    return new Walk({ ...this.#options, ...over, hooks, journal: new Journal(this.#options.journalPath) })
  }

  #current() {
    const catalog = this.#options.readCatalog()
    if (catalog && catalog !== this.#known) this.#options.host.expectUnits(unitsOf(catalog.prepared))
    this.#known = catalog
    return catalog
  }

  async #refuse({ mode }: Pick<Request, 'mode'>, found: PreparedCatalog | undefined) {
    const { reboots, host, now } = this.#options
    if (mode === 'plan') return
    const why = found && whyDisabled(found.head, now())
    if (why !== undefined) throw new Refused(why)
    const reason = reboots.pending
    if (reason === undefined) return
    await host.rebootNow()
    throw new Refused(`this machine reboots now: ${reason}`)
  }

  async #expect(expected: string, over: Over) {
    const { run } = await this.#walk({ ...over, begun: { ...over.begun, mode: 'plan' } }, {}).result()
    if (run.plan === expected) return
    throw new Refused(
      `the plan of this node is ${run.plan ?? 'not to be had'} by now, not ${expected}. Look at it by trivet plan, then converge by its hash.`,
    )
  }
}
