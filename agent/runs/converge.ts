import type { ResourceId } from '../../protocol/catalog.ts'
import type { Change, ResourceEvent } from '../../protocol/events.ts'
import { type Applying, applyAll, atTheEnd, type Differing, failure, withheld } from './apply.ts'
import { checkAll, checkGuarded, type Finding, hasGuard } from './check.ts'
import { asError } from '../errors.ts'
import { Failures } from './failures.ts'
import { messageOf } from '../../protocol/errors.ts'
import { settleOwed } from './owed.ts'
import type { Prepared } from './prepare.ts'
import type { HoldsBack } from './stance.ts'

export interface Converging extends Applying {
  /** Told of every event as it happens, those of unchanged resources too. */
  report: (event: ResourceEvent) => void
  /** When it is aborted, the walk stops before the next resource, and says the reason. */
  signal: AbortSignal
  /** What may not be changed in this run. */
  holdsBack: HoldsBack
}

/**
 * Makes the machine as the catalog says: checks everything at once, and only if something differs or is owed walks it in order.
 * A failure skips the rest of its recipe and what requires it. Owed actions come last, after a failure too; only a probe has those above it
 * in its recipe done before it looks (docs/decisions/003-probes-after-what-is-owed.md).
 */
export async function converge(prepared: Prepared[], converging: Converging) {
  const findings = await checkAll(prepared, converging.host)
  const tried = new Set<string>()
  if (findings.every(({ is }) => is === 'as-wanted')) {
    for (const one of prepared) converging.report(unchanged(one))
  } else {
    await walk(prepared, findings, converging, tried)
  }
  await settleOwed(prepared, converging, tried)
}

/** Repairs just these, as a converge would at their turn; what comes to be owed stays so until the caller settles it. */
export async function repair(drifted: Prepared[], converging: Converging) {
  const findings = await checkAll(drifted, converging.host)
  if (findings.some(({ is }) => is !== 'as-wanted')) await walk(drifted, findings, converging, new Set())
}

async function walk(prepared: Prepared[], findings: Finding[], converging: Converging, tried: Set<string>) {
  const failures = new Failures()
  for (let index = 0; index < prepared.length;) {
    const group = neighbours(prepared, findings, index)
    const firstLook = findings[index]
    for (const one of await settleAbove(index, prepared, converging, tried)) failures.add(one)
    index += group.length
    const ready = group.filter((one) => !isSkipped(one, failures, converging))
    const differing = await lookAgain(ready, converging.journal.touched ? undefined : firstLook, failures, converging)
    if (differing.length === 0) continue
    for (const { event, one } of await applyAll(differing, converging)) {
      if (event.outcome === 'failed') failures.add(one)
      converging.report(event)
    }
  }
}

// A probe asks what runs now, so it would ask the old process. An action that fails takes the recipe with it, as its resource would.
async function settleAbove(index: number, prepared: Prepared[], converging: Converging, tried: Set<string>) {
  const probe = prepared[index]
  if (!probe?.type.seesWhatRuns || converging.journal.owed.length === 0) return []
  const { recipe } = probe.resource
  const above = new Set(prepared.slice(0, index).filter(({ resource }) => resource.recipe === recipe))
  return settleOwed(prepared, converging, tried, (one) => one !== undefined && above.has(one))
}

// Resources of one type that stand side by side in a recipe can be made in one transaction.
function neighbours(prepared: Prepared[], findings: Finding[], from: number): Prepared[] {
  const first = prepared[from]
  if (!first?.type.applyMany || findings[from]?.is === 'as-wanted') return prepared.slice(from, from + 1)
  const group = new Set([first.id])
  let end = from + 1
  for (let next = prepared[end]; next && goesWith(first, group, next); next = prepared[++end]) group.add(next.id)
  return prepared.slice(from, end)
}

// What waits for another of them, or is to be decided on or tried in its own way, is made after them.
function goesWith(first: Prepared, group: Set<ResourceId>, next: Prepared) {
  const { recipe, retries, timeoutMs, requires } = next.resource
  return (
    next.type === first.type &&
    recipe === first.resource.recipe &&
    retries === first.resource.retries &&
    timeoutMs === first.resource.timeoutMs &&
    !hasGuard(first) &&
    !hasGuard(next) &&
    !requires?.some((id) => group.has(id))
  )
}

function isSkipped(one: Prepared, failures: Failures, { report, signal }: Converging) {
  const reason = signal.aborted ? messageOf(signal.reason) : failures.reasonToSkip(one)
  if (reason === undefined) return false
  failures.skip(one)
  report({ outcome: 'skipped', id: one.id, recipe: one.resource.recipe, durationMs: 0, reason })
  return true
}

// As long as nothing was changed, and so nothing noted in the journal, a first look that found a resource as wanted still holds.
async function lookAgain(
  group: Prepared[],
  firstLook: Finding | undefined,
  failures: Failures,
  converging: Converging,
) {
  const differing: Differing[] = []
  for (const one of group) {
    const holds = group.length === 1 && firstLook?.is === 'as-wanted'
    const finding = holds ? firstLook : await checkGuarded(one, converging.host)
    if (finding.is === 'different' && !isHeldBack(one, finding.changes, converging)) {
      if (one.type.by === undefined) differing.push({ one, changes: finding.changes })
      else postpone(one, one.type.by, finding.changes, converging)
    }
    if (finding.is === 'as-wanted') converging.report(unchanged(one))
    if (finding.is === 'unreadable') {
      failures.add(one)
      converging.report({ ...failure(one, [], finding.error, 0), cause: converging.ledger.causeOf(one) })
    }
  }
  return differing
}

function isHeldBack(one: Prepared, found: Change[], { holdsBack, ledger, report }: Converging) {
  const held = holdsBack(one)
  if (!held) return false
  const changes = one.resource.sensitive ? found.map(withheld) : found
  const about = { id: one.id, recipe: one.resource.recipe, durationMs: 0, changes, cause: ledger.causeOf(one) }
  if (held.outcome === 'deferred') report({ outcome: 'deferred', ...about, reason: held.reason })
  else report({ outcome: 'would-change', ...about, proviso: held.reason })
  return true
}

function postpone(one: Prepared, action: string, found: Change[], { journal, ledger, changing, report }: Converging) {
  const changes = one.resource.sensitive ? found.map(withheld) : found
  const about = { id: one.id, recipe: one.resource.recipe, durationMs: 0, changes, cause: ledger.causeOf(one) }
  try {
    changing()
    journal.owe([{ action, target: one.id }, ...one.resource.notifies])
    report({ outcome: 'deferred', ...about, reason: atTheEnd(one, action) })
  } catch (error) {
    report({ ...failure(one, changes, asError(error), 0), cause: about.cause })
  }
}

function unchanged({ id, resource }: Prepared): ResourceEvent {
  return { outcome: 'unchanged', id, recipe: resource.recipe, durationMs: 0 }
}
