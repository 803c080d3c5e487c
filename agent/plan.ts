import type { Notification } from '../protocol/catalog.ts'
import type { ResourceEvent } from '../protocol/events.ts'
import type { Host } from '../resources/host.ts'
import { failure, withheld } from './apply.ts'
import { checkAll, type Finding, hasGuard } from './check.ts'
import { keyOf } from './journal.ts'
import type { Prepared } from './prepare.ts'

/** What `converge` would do, without doing it. A guard runs a command, so what it guards is unknown; a plan runs none. */
export async function plan(
  prepared: Prepared[],
  owed: Notification[],
  host: Host,
  report: (event: ResourceEvent) => void,
) {
  const findings = await checkAll(prepared, host)
  const firstDiffering = findings.findIndex(({ is }) => is !== 'as-wanted')
  const asked = new Map(owed.map((notification) => [keyOf(notification), notification]))
  for (const [index, one] of prepared.entries()) {
    const event = planned(one, findings[index], index > firstDiffering)
    report(event)
    if (event.outcome !== 'would-change') continue
    // What is to be started anyway needs no restart for what stands above it.
    for (const action of one.type.satisfies?.(event.changes) ?? []) asked.delete(keyOf({ action, target: one.id }))
    for (const notification of one.resource.notifies) asked.set(keyOf(notification), notification)
  }
  const recipes = new Map(prepared.map(({ id, resource }) => [id, resource.recipe]))
  for (const { action, target } of asked.values()) {
    const recipe = recipes.get(target) ?? ''
    report({ outcome: 'would-change', id: target, action, recipe, durationMs: 0, changes: [] })
  }
}

function planned(one: Prepared, finding: Finding | undefined, mayBeMended: boolean): ResourceEvent {
  const about = { id: one.id, recipe: one.resource.recipe, durationMs: 0 }
  if (finding === undefined || finding.is === 'as-wanted') return { outcome: 'unchanged', ...about }
  if (finding.is === 'unreadable') {
    const failed = failure(one, [], finding.error, 0)
    if (!mayBeMended) return failed
    return {
      outcome: 'unknown',
      ...about,
      reason: `it cannot be read before what stands above it is made: ${failed.error}`,
    }
  }
  if (hasGuard(one))
    return { outcome: 'unknown', ...about, reason: 'it differs, but its guard is a command, and a plan runs none' }
  if (one.type.seesWhatRuns && mayBeMended) {
    return { outcome: 'unknown', ...about, reason: 'it asks what runs, and what stands above it is to be made first' }
  }
  const changes = one.resource.sensitive ? finding.changes.map(withheld) : finding.changes
  return { outcome: 'would-change', ...about, changes }
}
