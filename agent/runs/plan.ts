import { digestOf, type Notification } from '../../protocol/catalog.ts'
import type { Change, ResourceEvent } from '../../protocol/events.ts'
import { Unforeseeable } from '../../resources/host.ts'
import { atTheEnd, failure, withheld } from './apply.ts'
import { hasGuard, look } from './check.ts'
import { asError } from '../errors.ts'
import { Failures } from './failures.ts'
import type { ForeseenHost } from '../machine/foreseen.ts'
import { keyOf } from '../kept/journal.ts'
import { lastThingsLast } from './owed.ts'
import type { Ledger } from '../kept/ledger.ts'
import type { Prepared } from './prepare.ts'
import type { HoldsBack } from './stance.ts'

export interface Planning {
  host: ForeseenHost
  ledger: Ledger
  holdsBack: HoldsBack
  report: (event: ResourceEvent) => void
  /** When it is aborted, the plan stops. */
  signal: AbortSignal
}

/**
 * What `converge` would do, without doing it: each change is tried out on what is foreseen, so that what comes after it sees it
 * (docs/decisions/004-a-plan-runs-apply-on-what-is-foreseen.md). Gives the digest of all that was found: equal plans would do the same.
 */
export async function plan(prepared: Prepared[], owed: Notification[], planning: Planning) {
  const failures = new Failures()
  const found: unknown[] = []
  const asked = new Map(owed.map((notification) => [keyOf(notification), notification]))
  let isMoved = false
  for (const one of prepared) {
    if (planning.signal.aborted) throw planning.signal.reason
    const { event, changes = [] } = await planned(one, failures, isMoved, planning)
    planning.report(event)
    if (event.outcome === 'unchanged') continue
    found.push([{ ...event, durationMs: 0, changes }])
    isMoved = true
    if (event.outcome === 'failed') failures.add(one)
    if (event.outcome === 'skipped') failures.skip(one)
    if (isToBeDone(event) && !planning.holdsBack(one)) note(one, changes, asked)
  }
  const recipes = new Map(prepared.map((one) => [one.id, one]))
  for (const notification of lastThingsLast([...asked.values()], recipes)) {
    found.push(notification)
    planning.report(owedEvent(notification, recipes.get(notification.target), planning.holdsBack))
  }
  return digestOf(found)
}

function isToBeDone({ outcome }: ResourceEvent) {
  return outcome === 'would-change' || outcome === 'deferred'
}

interface Planned {
  event: ResourceEvent
  /** With their values, also those of a sensitive resource. */
  changes?: Change[]
}

async function planned(one: Prepared, failures: Failures, isMoved: boolean, planning: Planning): Promise<Planned> {
  const about = { id: one.id, recipe: one.resource.recipe, durationMs: 0 }
  const reason = failures.reasonToSkip(one)
  if (reason !== undefined) return { event: { outcome: 'skipped', ...about, reason } }
  const finding = await look(one, planning.host)
  if (finding.is === 'as-wanted') return { event: { outcome: 'unchanged', ...about } }
  if (finding.is === 'unreadable') {
    if (finding.error instanceof Unforeseeable) return unknown(one, finding.error.message)
    const failed = failure(one, [], finding.error, 0)
    if (isMoved) return unknown(one, `it cannot be read before what stands above it is made: ${failed.error}`)
    return { event: { ...failed, cause: planning.ledger.causeOf(one) } }
  }
  if (hasGuard(one)) return unknown(one, 'it differs, but its guard is a command, and a plan runs none')
  if (one.type.seesWhatRuns && isMoved)
    return unknown(one, 'it asks what runs, and what stands above it is to be made first')
  return differing(one, finding.changes, planning)
}

function unknown({ id, resource }: Prepared, reason: string, changes: Change[] = []): Planned {
  return { event: { outcome: 'unknown', id, recipe: resource.recipe, durationMs: 0, reason }, changes }
}

async function differing(one: Prepared, changes: Change[], { host, ledger, holdsBack }: Planning): Promise<Planned> {
  const shown = one.resource.sensitive ? changes.map(withheld) : changes
  const about = { id: one.id, recipe: one.resource.recipe, durationMs: 0, changes: shown, cause: ledger.causeOf(one) }
  const held = holdsBack(one)
  const later = held?.outcome === 'deferred' ? held.reason : !held && one.type.by && atTheEnd(one, one.type.by)
  if (later) return { event: { outcome: 'deferred', ...about, reason: later }, changes }
  if (held) return { event: { outcome: 'would-change', ...about, proviso: held.reason }, changes }
  const proviso = provisoFor(changes, host.brought)
  const error = await errorOfTrying(one, changes, host)
  if (!error) return { event: { outcome: 'would-change', ...about, ...(proviso && { proviso }) }, changes }
  if (error instanceof Unforeseeable) return unknown(one, error.message, changes)
  const failed = failure(one, changes, error, 0)
  if (host.brought.length === 0) return { event: { ...failed, cause: about.cause }, changes }
  const reason = `it fails unless ${host.brought.join(', ')}, made before it, brings what it needs: ${failed.error}`
  return unknown(one, reason, changes)
}

async function errorOfTrying(one: Prepared, changes: Change[], host: ForeseenHost) {
  try {
    await tryOut(one, changes, host)
    return undefined
  } catch (error) {
    return asError(error)
  }
}

async function tryOut({ type, resource, want }: Prepared, changes: Change[], host: ForeseenHost) {
  const copies = changes.map((change) => ({ ...change }))
  if (type.effects) return type.effects(resource.name, want, host, copies)
  return host.pretend(() => type.apply(resource.name, want, host, copies))
}

// What is missing now may come with a package; what is there as it should not be does not go by itself.
function provisoFor(changes: Change[], brought: readonly string[]) {
  const isMissing = changes.some(({ from }) => from === null || from === 'absent')
  return isMissing && brought.length > 0 ? `${brought.join(', ')}, made before it, may bring it` : undefined
}

// What is to be started anyway needs no restart for what stands above it.
function note(one: Prepared, changes: Change[], asked: Map<string, Notification>) {
  for (const action of one.type.satisfies?.(changes) ?? []) asked.delete(keyOf({ action, target: one.id }))
  const own = one.type.by === undefined ? [] : [{ action: one.type.by, target: one.id }]
  for (const notification of [...one.resource.notifies, ...own]) asked.set(keyOf(notification), notification)
}

function owedEvent({ action, target }: Notification, one: Prepared | undefined, holdsBack: HoldsBack): ResourceEvent {
  const about = { id: target, action, recipe: one?.resource.recipe ?? '', durationMs: 0 }
  if (!one?.type.actions?.[action])
    return { outcome: 'skipped', ...about, reason: `${target} is no longer in the catalog, or has no ${action}` }
  const held = holdsBack(one)
  return held
    ? { outcome: 'deferred', ...about, reason: held.reason }
    : { outcome: 'would-change', ...about, changes: [] }
}
