import { randomUUID } from 'node:crypto'
import type { ResourceId } from '../../protocol/catalog.ts'
import type { Counts, Outcome, Report, ResourceEvent, Run, RunOutcome } from '../../protocol/events.ts'
import type { Begun } from '../kept/journal.ts'

/** What a run came to, as far as it is no event. */
export interface Ended {
  finishedAt: number
  unchanged: number
  owed: string[]
  error?: string | undefined
  orphans?: ResourceId[]
  waits?: Record<ResourceId, string>
  plan?: string | undefined
  reboot?: string | undefined
  outcome?: RunOutcome
}

export function reportOf(begun: Begun, events: ResourceEvent[], ended: Ended): Report {
  const { finishedAt, unchanged, owed, error, orphans = [], waits = {}, plan, reboot } = ended
  const counts = countsOf(events, unchanged)
  const outcome = ended.outcome ?? outcomeOf(events, counts, error)
  const run: Run = { ...begun, finishedAt, outcome, counts, owed }
  if (error !== undefined) run.error = error
  if (Object.keys(waits).length > 0) run.waits = waits
  if (orphans.length > 0) run.orphans = orphans
  if (plan !== undefined) run.plan = plan
  if (reboot !== undefined) run.reboot = reboot
  return { run, events: events.filter((event) => event.outcome !== 'unchanged') }
}

/** Of a run that could not even begin: whoever asked for it, or looks at the node, is to know why. */
export function reportOfNone(
  { mode, trigger, orders }: Pick<Begun, 'mode' | 'trigger' | 'orders'>,
  error: string,
  now: number,
) {
  const begun = { id: randomUUID(), mode, trigger, orders, catalog: null, startedAt: now }
  return reportOf(begun, [], { finishedAt: now, unchanged: 0, owed: [], error })
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

function outcomeOf(
  events: ResourceEvent[],
  { changed, wouldChange, unknown, deferred }: Counts,
  error: string | undefined,
): RunOutcome {
  if (error !== undefined || events.some((event) => event.outcome === 'failed' && !event.ignored)) return 'failed'
  if (changed > 0) return 'changed'
  return wouldChange + unknown + deferred > 0 ? 'would-change' : 'unchanged'
}
