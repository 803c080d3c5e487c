import type { Notification } from '../protocol/catalog.ts'
import type { ResourceEvent } from '../protocol/events.ts'
import type { Host } from '../resources/define.ts'
import { withheld } from './apply.ts'
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
  const events = prepared.map((one, index) => planned(one, findings[index], findings.slice(0, index)))
  for (const event of events) report(event)
  const asked = prepared
    .filter((_, index) => events[index]?.outcome === 'would-change')
    .flatMap(({ resource }) => resource.notifies)
  const unique = new Map([...owed, ...asked].map((notification) => [keyOf(notification), notification]))
  for (const { action, target } of unique.values()) {
    const recipe = prepared.find(({ id }) => id === target)?.resource.recipe ?? ''
    report({ outcome: 'would-change', id: target, action, recipe, durationMs: 0, changes: [] })
  }
}

function planned(one: Prepared, finding: Finding | undefined, before: Finding[]): ResourceEvent {
  const about = { id: one.id, recipe: one.resource.recipe, durationMs: 0 }
  if (finding === undefined || finding.is === 'as-wanted') return { outcome: 'unchanged', ...about }
  if (finding.is === 'unreadable') {
    const { message } = finding.error
    const mayBeMended = before.some(({ is }) => is !== 'as-wanted')
    if (mayBeMended)
      return {
        outcome: 'unknown',
        ...about,
        reason: `it cannot be read before what stands above it is made: ${message}`,
      }
    return { outcome: 'failed', ...about, changes: [], error: message }
  }
  if (hasGuard(one))
    return { outcome: 'unknown', ...about, reason: 'it differs, but its guard is a command, and a plan runs none' }
  const changes = one.resource.sensitive ? finding.changes.map(withheld) : finding.changes
  return { outcome: 'would-change', ...about, changes }
}
