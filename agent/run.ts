import { randomUUID } from 'node:crypto'
import { digestOf, type ResourceId } from '../protocol/catalog.ts'
import { messageOf } from '../protocol/errors.ts'
import type { Report, ResourceEvent, RunMode, Trigger } from '../protocol/events.ts'
import { converge } from './converge.ts'
import type { RealHost } from './host.ts'
import { type Begun, Journal, keyOf } from './journal.ts'
import type { PreparedCatalog } from './kept-catalog.ts'
import { Ledger } from './ledger.ts'
import { waitForLock } from './lock.ts'
import { cleanUp } from './orphans.ts'
import { type ResourceTypes, unitsOf } from './prepare.ts'
import type { Reboots } from './reboot.ts'
import { reportOf } from './report.ts'
import type { Spool } from './spool.ts'
import { stanceOf, whyDisabled } from './stance.ts'

/** What asks for a run. */
export interface Request {
  mode: RunMode
  trigger: Trigger
  orders: string[]
  /** Converge only if this is what the machine's plan is now. */
  plan?: string
}

export interface Hooks {
  started?: (run: Begun, resources: number) => void
  event?: (event: ResourceEvent) => void
  waiting?: (pid: number) => void
  /** Stops the run between two resources. */
  signal?: AbortSignal
}

export interface RunnerOptions {
  /** The same object as long as the catalog is the same. */
  readCatalog: () => PreparedCatalog | undefined
  types: ResourceTypes
  host: RealHost
  spool: Spool
  reboots: Reboots
  journalPath: string
  ledgerPath: string
  lockPath: string
  now: () => number
}

/** Thrown where no run is made, and none is reported: the node is disabled, or its plan is another by now. */
export class Refused extends Error {}

/** Unless the catalog says otherwise. */
const standardDeadlineMs = 4 * 3600 * 1000

/** Makes runs, one at a time on this machine, whoever asks. */
export class Runner {
  readonly #options: RunnerOptions
  #known: PreparedCatalog | undefined

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  /** Does one run and spools its report; before it goes the report of a run in whose middle the agent died. The last one is this run's. */
  async run(request: Request, hooks: Hooks = {}): Promise<Report[]> {
    const { lockPath, now, ledgerPath } = this.#options
    const lock = await waitForLock(lockPath, hooks.waiting, hooks.signal)
    try {
      const found = this.#current()
      await this.#refuse(request, found)
      const ledger = new Ledger(ledgerPath)
      const interrupted = this.#recover(ledger, found)
      const { plan: expected, ...asked } = request
      const begun: Begun = { id: randomUUID(), ...asked, catalog: found?.digest ?? null, startedAt: now() }
      if (expected !== undefined) await this.#expect(expected, begun, found, ledger)
      hooks.started?.(begun, found?.prepared.length ?? 0)
      const report = await new Walk(begun, found, ledger, hooks, this.#options).report()
      return interrupted ? [interrupted, report] : [report]
    } finally {
      lock.release()
    }
  }

  #current() {
    const catalog = this.#options.readCatalog()
    if (catalog && catalog !== this.#known) this.#options.host.expectUnits(unitsOf(catalog.prepared))
    this.#known = catalog
    return catalog
  }

  async #refuse({ mode }: Request, found: PreparedCatalog | undefined) {
    const { reboots, host, now } = this.#options
    const reason = reboots.pending
    if (reason !== undefined) {
      await host.rebootNow()
      throw new Refused(`this machine reboots now: ${reason}`)
    }
    const why = mode === 'converge' && found ? whyDisabled(found.head, now()) : undefined
    if (why !== undefined) throw new Refused(why)
  }

  async #expect(expected: string, begun: Begun, found: PreparedCatalog | undefined, ledger: Ledger) {
    const walk = new Walk({ ...begun, mode: 'plan' }, found, ledger, {}, this.#options)
    const { run } = await walk.result()
    if (run.plan === expected) return
    throw new Refused(
      `the plan of this node is ${run.plan ?? 'not to be had'} by now, not ${expected}. Look at it by trivet plan, then converge by its hash.`,
    )
  }

  // What a process that died in the middle of a run had done. Its orders stay open: the server sends them again, and a run that ends answers them.
  #recover(ledger: Ledger, found: PreparedCatalog | undefined) {
    const { journalPath, spool, now } = this.#options
    const journal = new Journal(journalPath)
    const left = journal.interrupted
    if (!left) return undefined
    const making = new Map(left.making)
    for (const one of found?.prepared ?? []) {
      const noted = making.get(one.id)
      if (noted) ledger.making(one, noted)
    }
    // It died after its report was safe, and before the journal said so.
    if (spool.has(left.run.id)) {
      journal.end()
      return undefined
    }
    const error = 'the agent died in the middle of this run'
    const ended = {
      finishedAt: now(),
      unchanged: 0,
      owed: journal.owed.map(keyOf),
      outcome: 'interrupted',
      error,
    } as const
    const report = reportOf({ ...left.run, orders: [] }, left.events, ended)
    return spooled(report, journal, spool)
  }
}

/** One walk over a catalog, and what it came to. */
class Walk {
  readonly #begun: Begun
  readonly #found: PreparedCatalog | undefined
  readonly #ledger: Ledger
  readonly #hooks: Hooks
  readonly #options: RunnerOptions
  readonly #journal: Journal
  readonly #events: ResourceEvent[] = []
  /** What is not as wanted after this walk. */
  readonly #unsettled = new Set<ResourceId>()
  #unchanged = 0
  #orphans: ResourceId[] = []
  #plan: string | undefined
  #reboot: string | undefined

  constructor(begun: Begun, found: PreparedCatalog | undefined, ledger: Ledger, hooks: Hooks, options: RunnerOptions) {
    this.#begun = begun
    this.#found = found
    this.#ledger = ledger
    this.#hooks = hooks
    this.#options = options
    this.#journal = new Journal(options.journalPath)
  }

  async report(): Promise<Report> {
    const { host, reboots, spool } = this.#options
    host.onReboot = (reason) => {
      reboots.ask(reason, this.#begun.orders)
      this.#reboot = reason
    }
    const report = spooled(await this.result(), this.#journal, spool)
    if (this.#reboot !== undefined) await host.rebootNow()
    else if (!report.events.some(({ action }) => action === 'reboot')) reboots.forget()
    return report
  }

  async result(): Promise<Report> {
    const error = await errorOf(() => this.#withinTime((signal) => this.#walk(signal)))
    const trouble = error === undefined ? errorIn(() => this.#close()) : undefined
    // The run that goes on after the boot answers the orders.
    const begun = this.#reboot === undefined ? this.#begun : { ...this.#begun, orders: [] }
    return reportOf(begun, this.#events, {
      finishedAt: this.#options.now(),
      unchanged: this.#unchanged,
      owed: this.#journal.owed.map(keyOf),
      error: error ?? trouble ?? this.#journal.trouble,
      orphans: this.#orphans,
      plan: this.#plan,
      reboot: this.#reboot,
    })
  }

  readonly #report = (event: ResourceEvent) => {
    if (event.outcome === 'unchanged') this.#unchanged++
    else {
      this.#events.push(event)
      if (event.outcome !== 'changed') this.#unsettled.add(event.id)
    }
    this.#journal.record(event)
    this.#hooks.event?.(event)
  }

  async #walk(signal: AbortSignal) {
    const found = this.#found
    if (!found) throw new Error('there is no catalog on this node yet')
    const { host, now, types } = this.#options
    host.changed()
    const isPlan = this.#begun.mode === 'plan'
    const holdsBack = await stanceOf(found.head, new Date(now()))
    const common = { ledger: this.#ledger, report: this.#report, signal, holdsBack }
    const changing = () => this.#journal.begin(this.#begun)
    if (isPlan) {
      const [{ plan }, { ForeseenHost }] = await Promise.all([import('./plan.ts'), import('./foreseen.ts')])
      const digest = await plan(found.prepared, this.#journal.owed, { ...common, host: new ForeseenHost(host) })
      this.#plan = digestOf([found.digest, digest])
    } else {
      const cleanupOf = (recipe: string) => found.head.policies?.[recipe]?.cleanup ?? 'keep'
      await converge(found.prepared, { ...common, host, journal: this.#journal, changing, cleanupOf })
    }
    signal.throwIfAborted()
    const mode = isPlan ? 'plan' : found.head.audit ? 'look' : 'clean'
    this.#orphans = await cleanUp(found.digest, found.prepared, { ...common, host, types, changing, mode })
  }

  async #withinTime(walk: (signal: AbortSignal) => Promise<void>) {
    const ms = this.#found?.head.runDeadlineMs ?? standardDeadlineMs
    const stop = new AbortController()
    const cancelled = () => stop.abort(new Error('the run was cancelled'))
    const timer = setTimeout(() => stop.abort(new Error(`the run took longer than ${ms / 1000} s`)), ms)
    this.#options.host.limitRun(ms)
    this.#hooks.signal?.addEventListener('abort', cancelled)
    if (this.#hooks.signal?.aborted) cancelled()
    try {
      await walk(stop.signal)
    } finally {
      clearTimeout(timer)
      this.#hooks.signal?.removeEventListener('abort', cancelled)
    }
  }

  #close() {
    if (this.#begun.mode === 'plan' || !this.#found) return
    const { digest, prepared } = this.#found
    this.#ledger.close(digest, prepared, ({ id }) => !this.#unsettled.has(id))
  }
}

// When the disk is full the report still goes to the server; only a restart before that would lose it.
function spooled(report: Report, journal: Journal, spool: Spool): Report {
  const trouble = errorIn(() => {
    spool.add(report)
    if (journal.touched || journal.interrupted) journal.end()
  })
  if (trouble === undefined) return report
  return {
    ...report,
    run: { ...report.run, error: `${report.run.error ?? ''} the report cannot be kept on disk: ${trouble}`.trim() },
  }
}

async function errorOf(work: () => Promise<void>) {
  try {
    await work()
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

function errorIn(work: () => void) {
  try {
    work()
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}
