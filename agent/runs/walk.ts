import { type Cleanup, digestOf, type ResourceId } from '../../protocol/catalog.ts'
import { messageOf } from '../../protocol/errors.ts'
import type { Report, ResourceEvent } from '../../protocol/events.ts'
import { faultPoint } from '../../resources/fault-points.ts'
import { converge, type Converging, repair } from './converge.ts'
import type { RealHost } from '../machine/host.ts'
import { type Begun, type Journal, keyOf } from '../kept/journal.ts'
import type { PreparedCatalog } from '../kept/kept-catalog.ts'
import type { Ledger } from '../kept/ledger.ts'
import { cleanUp } from './orphans.ts'
import { settleOwed } from './owed.ts'
import type { Prepared, ResourceTypes } from './prepare.ts'
import type { Reboots } from './reboot.ts'
import { reportOf } from './report.ts'
import type { Spool } from '../kept/spool.ts'
import { heldBack, type Waiting } from './waiting.ts'
import type { LeaseTaker } from '../cluster/leases.ts'

export interface Hooks {
  started?: (run: Begun, resources: number) => void
  event?: (event: ResourceEvent) => void
  waiting?: (pid: number) => void
  /** Stops the run between two resources. */
  signal?: AbortSignal
}

/** What a walk goes over, and with what. */
export interface WalkOptions {
  begun: Begun
  found: PreparedCatalog | undefined
  /** Of a run that was cut off: it is in the spool, unless the disk would not take it. */
  earlier?: Report | undefined
  ledger: Ledger
  journal: Journal
  hooks: Hooks
  types: ResourceTypes
  host: RealHost
  spool: Spool
  reboots: Reboots
  leases: LeaseTaker
  now: () => number
}

/** What has drifted, and what is to be known of it. */
export interface Drifting {
  batches: AsyncIterable<Prepared[]>
  isNews: (event: ResourceEvent) => boolean
  /** Why a resource is left alone although it has drifted, if so. */
  flaps: (id: ResourceId) => string | undefined
}

/** Unless the catalog says otherwise. */
export const standardDeadlineMs = 4 * 3600 * 1000

/** One walk over a catalog, and what it came to. */
export class Walk {
  readonly #options: WalkOptions
  readonly #events: ResourceEvent[] = []
  /** What was found, or made, as wanted. */
  readonly #settled = new Set<ResourceId>()
  #waits: Waiting['closed'] = {}
  #isNews: (event: ResourceEvent) => boolean = () => true
  #unchanged = 0
  #orphans: ResourceId[] = []
  #plan: string | undefined
  #reboot: string | undefined
  /** Why the walk as a whole failed: then the ledger was not written. */
  #trouble: string | undefined

  constructor(options: WalkOptions) {
    this.#options = options
  }

  /** Walks, and leaves the report in the spool. */
  async report(): Promise<Report> {
    this.#hearReboots()
    const result = await this.result()
    return this.#handOver(result, this.#trouble === undefined && this.#options.begun.mode === 'converge')
  }

  async result(): Promise<Report> {
    const error = await errorOf(() => this.#withinTime((signal) => this.#walk(signal)))
    if (this.#options.begun.mode === 'plan') return this.#cameTo(error)
    const forgetting = errorIn(() => this.#forgetReboot())
    this.#trouble = error ?? errorIn(() => this.#close()) ?? forgetting
    return this.#cameTo(this.#trouble)
  }

  // Before the report is safe: an agent that dies in between would come up and answer the orders a second time.
  #forgetReboot() {
    const isOwed = this.#reboot !== undefined || this.#events.some(({ action }) => action === 'reboot')
    if (!isOwed) this.#options.reboots.forget()
  }

  /** Repairs what each batch names, as long as batches come. Undefined where there was nothing to tell; the report is left in the spool. */
  async repair(drifting: Drifting) {
    const { journal } = this.#options
    this.#isNews = drifting.isNews
    this.#hearReboots()
    const error = await errorOf(() => this.#withinTime((signal) => this.#repairAll(drifting, signal)))
    if (this.#events.length === 0 && error === undefined && !journal.touched) return undefined
    const trouble = error ?? errorIn(() => this.#close())
    return this.#handOver(this.#cameTo(trouble), trouble === undefined)
  }

  async #handOver(report: Report, isInLedger: boolean) {
    const kept = spooled(report, this.#options, isInLedger)
    if (this.#reboot !== undefined) await this.#options.host.rebootNow()
    return kept
  }

  #hearReboots() {
    const { host, reboots, begun } = this.#options
    host.onReboot = (reason) => {
      reboots.ask(reason, begun.orders)
      this.#reboot = reason
    }
  }

  #cameTo(error: string | undefined): Report {
    const { begun, journal, now } = this.#options
    // The run that goes on after the boot answers the orders.
    const answered = this.#reboot === undefined ? begun : { ...begun, orders: [] }
    return reportOf(answered, this.#events, {
      finishedAt: now(),
      unchanged: this.#unchanged,
      owed: journal.owed.map(keyOf),
      error: error ?? journal.trouble,
      orphans: this.#orphans,
      waits: this.#waits,
      plan: this.#plan,
      reboot: this.#reboot,
    })
  }

  readonly #report = (event: ResourceEvent) => {
    if (event.action === undefined) {
      if (event.outcome === 'unchanged' || event.outcome === 'changed') this.#settled.add(event.id)
      else this.#settled.delete(event.id)
    }
    if (!this.#isNews(event)) return
    if (event.outcome === 'unchanged') this.#unchanged++
    else this.#events.push(event)
    this.#options.journal.record(event)
    this.#options.hooks.event?.(event)
  }

  async #walk(signal: AbortSignal) {
    const { host, types, begun } = this.#options
    const { found, common } = await this.#ready(signal)
    const isPlan = begun.mode === 'plan'
    let planned: string | undefined
    if (isPlan) {
      const [{ plan }, { ForeseenHost }] = await Promise.all([import('./plan.ts'), import('../machine/foreseen.ts')])
      planned = await plan(found.prepared, common.journal.owed, { ...common, host: new ForeseenHost(host) })
    } else {
      await converge(found.prepared, common)
    }
    signal.throwIfAborted()
    const walked = this.#events.length
    this.#orphans = await cleanUp(found.digest, found.prepared, { ...common, types, isPlan })
    const cleaned = this.#events.slice(walked).map((event) => ({ ...event, durationMs: 0 }))
    if (planned !== undefined) this.#plan = digestOf([found.digest, planned, cleaned])
    host.files.sync()
    faultPoint('run.walked')
  }

  async #repairAll({ batches, flaps }: Drifting, signal: AbortSignal) {
    const { found, common } = await this.#ready(signal)
    const { holdsBack } = common
    common.holdsBack = (one) => {
      const reason = one.id && flaps(one.id)
      return reason === undefined ? holdsBack(one) : { outcome: 'deferred', reason }
    }
    for await (const batch of batches) {
      common.host.changed()
      await repair(batch, common)
    }
    await settleOwed(found.prepared, common, new Set())
  }

  async #ready(signal: AbortSignal) {
    const { found, host, ledger, journal, begun, now, leases } = this.#options
    if (!found) throw new Error('there is no catalog on this node yet')
    host.changed()
    const { closed, holdsBack } = await heldBack(found, host, now())
    this.#waits = closed
    const common: Converging & { host: RealHost } = {
      host,
      ledger,
      journal,
      signal,
      report: this.#report,
      holdsBack,
      leases,
      changing: () => journal.begin(begun),
      cleanupOf: cleanupIn(found),
    }
    return { found, common }
  }

  async #withinTime(walk: (signal: AbortSignal) => Promise<void>) {
    const { found, host, hooks } = this.#options
    const ms = found?.head.runDeadlineMs ?? standardDeadlineMs
    const stop = new AbortController()
    const cancelled = () => stop.abort(new Error('the run was cancelled'))
    const timer = setTimeout(() => stop.abort(new Error(`the run took longer than ${ms / 1000} s`)), ms)
    host.limitRun(ms)
    hooks.signal?.addEventListener('abort', cancelled)
    if (hooks.signal?.aborted) cancelled()
    try {
      await walk(stop.signal)
    } finally {
      clearTimeout(timer)
      hooks.signal?.removeEventListener('abort', cancelled)
    }
  }

  #close() {
    const { found, ledger } = this.#options
    if (found) ledger.close(found.digest, found.prepared, ({ id }) => this.#settled.has(id), cleanupIn(found))
    faultPoint('run.closed')
  }
}

function cleanupIn({ head }: PreparedCatalog) {
  return (recipe: string): Cleanup => head.policies?.[recipe]?.cleanup ?? 'keep'
}

/**
 * When the disk is full the report still goes to the server; only a restart before that would lose it. What the ledger could not be told stays
 * in the journal.
 */
export function spooled(
  report: Report,
  { journal, spool, earlier }: Pick<WalkOptions, 'journal' | 'spool' | 'earlier'>,
  isInLedger: boolean,
): Report {
  const trouble = errorIn(() => {
    if (earlier && !spool.has(earlier.run.id)) spool.add(earlier)
    spool.add(report)
    faultPoint('run.spooled')
    if (journal.touched || journal.interrupted) {
      if (isInLedger) journal.end()
      else journal.reported()
    }
    faultPoint('run.ended')
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

export function errorIn(work: () => void) {
  try {
    work()
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}
