import { randomUUID } from 'node:crypto'
import type { Counts, Outcome, Report, ResourceEvent, Run, RunMode, RunOutcome, Trigger } from '../protocol/events.ts'
import { converge } from './converge.ts'
import type { RealHost } from './host.ts'
import { type Begun, Journal, keyOf } from './journal.ts'
import type { PreparedCatalog } from './kept-catalog.ts'
import { waitForLock } from './lock.ts'
import { plan } from './plan.ts'
import { type Prepared, unitsOf } from './prepare.ts'
import type { Spool } from './spool.ts'
import { messageOf } from '../protocol/errors.ts'

/** What asks for a run. */
export interface Request {
  mode: RunMode
  trigger: Trigger
  orders: string[]
}

export interface Hooks {
  started?: (run: Begun, resources: number) => void
  event?: (event: ResourceEvent) => void
  waiting?: (pid: number) => void
  signal?: AbortSignal
}

export interface RunnerOptions {
  /** The same object as long as the catalog is the same. */
  readCatalog: () => PreparedCatalog | undefined
  host: RealHost
  spool: Spool
  journalPath: string
  lockPath: string
  now: () => number
}

/** Makes runs, one at a time on this machine, whoever asks. */
export class Runner {
  readonly #options: RunnerOptions
  #known: PreparedCatalog | undefined

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  /** Does one run and spools its report; before it goes the report of a run in whose middle the agent died. The last one is this run's. */
  async run(request: Request, hooks: Hooks = {}): Promise<Report[]> {
    const { lockPath, now } = this.#options
    const lock = await waitForLock(lockPath, hooks.waiting, hooks.signal)
    try {
      const interrupted = this.#recover()
      const found = this.#current()
      const begun: Begun = { id: randomUUID(), ...request, catalog: found?.digest ?? null, startedAt: now() }
      hooks.started?.(begun, found?.prepared.length ?? 0)
      const report = await walked(begun, found?.prepared, hooks, this.#options)
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

  // What a process that died in the middle of a run had done. Its orders stay open: the server sends them again, and a run that ends answers them.
  #recover() {
    const journal = new Journal(this.#options.journalPath)
    const left = journal.interrupted
    if (!left) return undefined
    // It died after its report was safe, and before the journal said so.
    if (this.#options.spool.has(left.run.id)) {
      journal.end()
      return undefined
    }
    const finished = { ...left.run, orders: [], finishedAt: this.#options.now() }
    const report = reportOf(
      finished,
      left.events,
      journal,
      'the agent died in the middle of this run',
      0,
      'interrupted',
    )
    return spooled(report, journal, this.#options)
  }
}

async function walked(begun: Begun, prepared: Prepared[] | undefined, hooks: Hooks, options: RunnerOptions) {
  const journal = new Journal(options.journalPath)
  const events: ResourceEvent[] = []
  let unchanged = 0
  const report = (event: ResourceEvent) => {
    if (event.outcome === 'unchanged') unchanged++
    else events.push(event)
    journal.record(event)
    hooks.event?.(event)
  }
  const error = await errorOf(() => walk(begun, prepared, report, journal, hooks, options))
  const made = reportOf({ ...begun, finishedAt: options.now() }, events, journal, error ?? journal.trouble, unchanged)
  return spooled(made, journal, options)
}

async function walk(
  begun: Begun,
  prepared: Prepared[] | undefined,
  report: (event: ResourceEvent) => void,
  journal: Journal,
  hooks: Hooks,
  { host }: RunnerOptions,
) {
  if (!prepared) throw new Error('there is no catalog on this node yet')
  host.changed()
  if (begun.mode === 'plan') return plan(prepared, journal.owed, host, report)
  const signal = hooks.signal ?? new AbortController().signal
  await converge(prepared, { host, journal, report, signal, changing: () => journal.begin(begun) })
  if (signal.aborted) throw new Error('the run was cancelled')
}

// When the disk is full the report still goes to the server; only a restart before that would lose it.
function spooled(report: Report, journal: Journal, { spool }: RunnerOptions): Report {
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

function reportOf(
  run: Begun & { finishedAt: number },
  events: ResourceEvent[],
  journal: Journal,
  error: string | undefined,
  unchanged: number,
  outcome?: RunOutcome,
): Report {
  const counts = countsOf(events, unchanged)
  const kept = events.filter((event) => event.outcome !== 'unchanged')
  const full: Run = { ...run, outcome: outcome ?? outcomeOf(counts, error), counts, owed: journal.owed.map(keyOf) }
  return { run: error === undefined ? full : { ...full, error }, events: kept }
}

const counters: Record<Outcome, keyof Counts> = {
  unchanged: 'unchanged',
  changed: 'changed',
  'would-change': 'wouldChange',
  unknown: 'unknown',
  failed: 'failed',
  skipped: 'skipped',
  deferred: 'deferred',
}

function countsOf(events: ResourceEvent[], unchanged: number): Counts {
  const counts: Counts = { unchanged, changed: 0, wouldChange: 0, unknown: 0, failed: 0, skipped: 0, deferred: 0 }
  for (const { outcome } of events) counts[counters[outcome]]++
  return counts
}

function outcomeOf({ changed, wouldChange, unknown, failed }: Counts, error: string | undefined): RunOutcome {
  if (failed > 0 || error !== undefined) return 'failed'
  if (wouldChange > 0 || unknown > 0) return 'would-change'
  return changed > 0 ? 'changed' : 'unchanged'
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
