import type { Notification } from '../../protocol/catalog.ts'
import type { Change, ResourceEvent } from '../../protocol/events.ts'
import { type Applying, applyAll, atTheEnd, type Differing, failure, withheld } from './apply.ts'
import { checkAll, checkGuarded, type Finding } from './check.ts'
import { Failures } from './failures.ts'
import { asError, messageOf } from '../../protocol/errors.ts'
import { keyOf } from '../kept/journal.ts'
import { neighbours } from './neighbours.ts'
import { settleOwed } from './owed.ts'
import { about, type Prepared } from './prepare.ts'
import type { HoldsBack } from './stance.ts'
import type { LeaseTaker } from '../cluster/leases.ts'

export interface Converging extends Applying {
  /** Told of every event as it happens, those of unchanged resources too. */
  report: (event: ResourceEvent) => void
  /** When it is aborted, the walk stops before the next resource, and says the reason. */
  signal: AbortSignal
  /** What may not be changed in this run. */
  holdsBack: HoldsBack
  leases: LeaseTaker
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
    const { failed, left } = await settleAbove(index, prepared, converging, tried)
    for (const one of failed) failures.add(one)
    const firstLook = converging.journal.touched ? undefined : findings[index]
    const group = neighbours(prepared, index, findings[index]?.is === 'as-wanted')
    index += await take(group, firstLook, failures, left === undefined ? converging : waitingFor(left, converging))
  }
}

/** Has these neighbours their turn, and tells what came of each in order. Gives how many had it: a failure ends it for those after it. */
async function take(group: Prepared[], firstLook: Finding | undefined, failures: Failures, converging: Converging) {
  const turns = await lookAgain(group, firstLook, failures, converging)
  const differing = turns.flatMap(({ one, changes }) => (changes ? [{ one, changes }] : []))
  const made = differing.length > 0 ? await applied(differing, converging) : []
  const events = new Map(made.map(({ one, event }) => [one, event]))
  let told = 0
  for (const { one, event = events.get(one) } of turns) {
    if (!event) break
    if (event.outcome === 'failed') failures.add(one)
    if (event.outcome === 'skipped') failures.skip(one)
    converging.report(event)
    told++
  }
  return told
}

/** What ends the whole run in the middle is told of each of them: some may have been made. */
async function applied(differing: Differing[], converging: Converging) {
  try {
    return await applyAll(differing, converging)
  } catch (error) {
    for (const { one, changes } of differing) {
      const cause = converging.ledger.causeOf(one)
      converging.report({ ...failure(one, changes, asError(error), 0), cause })
    }
    throw error
  }
}

/**
 * A probe asks what runs now, so it would ask the old process. An action that fails takes the recipe with it, as its resource would; one that
 * is `left`, since it waits for a lease or a window, may be what the probe lacks.
 */
async function settleAbove(index: number, prepared: Prepared[], converging: Converging, tried: Set<string>) {
  const { journal } = converging
  const probe = prepared[index]
  if (!probe?.type.seesWhatRuns || journal.owed.length === 0) return { failed: [], left: undefined }
  const { recipe } = probe.resource
  const above = new Set(prepared.slice(0, index).filter(({ resource }) => resource.recipe === recipe))
  const failed = await settleOwed(prepared, converging, tried, (one) => one !== undefined && above.has(one))
  const ids = new Set([...above].filter((one) => !failed.includes(one)).map(({ id }) => id))
  return { failed, left: journal.owed.find(({ target }) => ids.has(target)) }
}

function waitingFor(owed: Notification, converging: Converging): Converging {
  const reason = `it waits for ${keyOf(owed)}`
  return { ...converging, holdsBack: (one) => converging.holdsBack(one) ?? { outcome: 'deferred', reason } }
}

/** What a resource comes to at its turn: an event that is known at once, or changes to be made. */
interface Turn {
  one: Prepared
  event?: ResourceEvent
  changes?: Change[]
}

// As long as nothing was changed, and so nothing noted in the journal, a first look that found a resource as wanted still holds.
async function lookAgain(
  group: Prepared[],
  firstLook: Finding | undefined,
  failures: Failures,
  converging: Converging,
): Promise<Turn[]> {
  const turns: Turn[] = []
  for (const one of group) {
    const event = skipped(one, failures, converging)
    if (event) {
      turns.push({ one, event })
      continue
    }
    const holds = group.length === 1 && firstLook?.is === 'as-wanted'
    const finding = holds ? firstLook : await checkGuarded(one, converging.host)
    // It takes with it what comes after it, and has its own turn when what stands above it is made.
    if (finding.is === 'unreadable' && turns.length > 0) break
    turns.push(turnOf(one, finding, converging))
    if (finding.is === 'unreadable') break
  }
  return turns
}

function skipped(one: Prepared, failures: Failures, { signal }: Converging): ResourceEvent | undefined {
  const reason = signal.aborted ? messageOf(signal.reason) : failures.reasonToSkip(one)
  return reason === undefined ? undefined : { outcome: 'skipped', ...about(one), reason }
}

function turnOf(one: Prepared, finding: Finding, converging: Converging): Turn {
  if (finding.is === 'as-wanted') return { one, event: unchanged(one) }
  const cause = converging.ledger.causeOf(one)
  const held = converging.holdsBack(one)
  // What stands above it is not made either, and may be what it lacks.
  if (finding.is === 'unreadable' && held?.outcome === 'deferred')
    return { one, event: { outcome: 'deferred', ...about(one), cause, reason: held.reason } }
  if (finding.is === 'unreadable') return { one, event: { ...failure(one, [], finding.error, 0), cause } }
  const { changes } = finding
  const shown = one.resource.sensitive ? changes.map(withheld) : changes
  if (held?.outcome === 'deferred')
    return { one, event: { outcome: 'deferred', ...about(one), changes: shown, cause, reason: held.reason } }
  if (held)
    return { one, event: { outcome: 'would-change', ...about(one), changes: shown, cause, proviso: held.reason } }
  if (one.type.by === undefined) return { one, changes }
  return { one, event: postponed(one, one.type.by, shown, converging) }
}

function postponed(one: Prepared, action: string, changes: Change[], converging: Converging): ResourceEvent {
  const { journal, ledger, changing } = converging
  const cause = ledger.causeOf(one)
  try {
    changing()
    journal.owe([{ action, target: one.id }, ...one.resource.notifies])
    return { outcome: 'deferred', ...about(one), changes, cause, reason: atTheEnd(one, action) }
  } catch (error) {
    return { ...failure(one, changes, asError(error), 0), cause }
  }
}

function unchanged(one: Prepared): ResourceEvent {
  return { outcome: 'unchanged', ...about(one) }
}
