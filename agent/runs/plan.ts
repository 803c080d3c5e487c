import { digestOf, type Notification } from '../../protocol/catalog.ts'
import { look } from './check.ts'
import { Failures } from './failures.ts'
import type { ForeseenHost } from '../machine/foreseen.ts'
import { neighbours } from './neighbours.ts'
import { ForeseenOwed } from './owed-foreseen.ts'
import { about, type Prepared } from './prepare.ts'
import { couldBeMade, doubt, type Found, lookedAt, type Planned, type Planning, tried, unknown } from './try-out.ts'

/** What is known of those above. */
interface Above {
  failures: Failures
  /** Those of which it is not known whether they fail. */
  unsure: Failures
  isMoved: boolean
}

/**
 * What `converge` would do, without doing it: each change is tried out on what is foreseen, so that what comes after it sees it
 * (docs/decisions/004-a-plan-runs-apply-on-what-is-foreseen.md). Gives the digest of all that was found: equal plans would do the same.
 */
export async function plan(prepared: Prepared[], owed: Notification[], planning: Planning) {
  const { host, report, signal } = planning
  const above: Above = { failures: new Failures(), unsure: new Failures(), isMoved: false }
  const found: unknown[] = []
  const asked = new ForeseenOwed(owed)
  for (let index = 0; index < prepared.length;) {
    if (signal.aborted) throw signal.reason
    const group = neighbours(prepared, index, !above.isMoved && (await isAlone(prepared[index], host)))
    const together = await plannedTogether(group, above, planning)
    index += together.length
    for (const planned of together) {
      const { one, event, changes } = planned
      report(event)
      if (event.outcome === 'unchanged') continue
      found.push([{ ...event, durationMs: 0, changes: isSeenOnly(planned) ? [] : changes }])
      above.isMoved = true
      await doubt(planned, host)
      if (event.outcome === 'failed') above.failures.add(one)
      if (planned.mayFail) above.unsure.add(one)
      if (!planning.holdsBack(one)) asked.note(planned)
    }
  }
  for await (const event of asked.events(prepared, planning)) {
    found.push(event)
    report(event)
  }
  return digestOf(found)
}

/** In which words a service that is yet to start says that it is not there is nothing that a converge would do otherwise. */
function isSeenOnly({ one, event }: Planned) {
  return event.outcome === 'unknown' && one.type.seesWhatRuns === true
}

/** Only of what is foreseen with its neighbours does it matter before they are looked at. */
async function isAlone(one: Prepared | undefined, host: ForeseenHost) {
  return one?.type.effectsMany === undefined || (await look(one, host)).is === 'as-wanted'
}

// As a converge makes them: all are looked at before any is made, but for one that cannot be read, which has a turn of its own.
async function plannedTogether(group: Prepared[], above: Above, planning: Planning): Promise<Planned[]> {
  const turns: (Planned | Found)[] = []
  for (const one of group[0]?.type.effectsMany ? group : group.slice(0, 1)) {
    const turn = await turnOf(one, above.isMoved || turns.length > 0, above, planning)
    const isUnreadable = 'event' in turn && turn.event.outcome === 'failed'
    if (isUnreadable && turns.length > 0) break
    turns.push(turn)
    if (isUnreadable) break
  }
  const made = await tried(
    turns.flatMap((turn) => ('event' in turn ? [] : turn)),
    planning,
  )
  const planned = new Map(made.map((one) => [one.one, one]))
  return turns.flatMap((turn) => ('event' in turn ? turn : (planned.get(turn.one) ?? [])))
}

async function turnOf(one: Prepared, isMoved: boolean, { failures, unsure }: Above, planning: Planning) {
  const skipped = failures.reasonToSkip(one)
  if (skipped !== undefined) {
    failures.skip(one)
    return { one, event: { outcome: 'skipped' as const, ...about(one), reason: skipped }, changes: [] }
  }
  const found = await lookedAt(one, isMoved, planning)
  const reason = unsure.reasonForDoubt(one)
  if (reason === undefined) return found
  unsure.skip(one)
  return inDoubt(found, reason, planning.host)
}

// Where it is not skipped, it fails or not as any other.
async function inDoubt(found: Planned | Found, reason: string, host: ForeseenHost): Promise<Planned> {
  const { one, changes } = found
  const planned = unknown(one, reason, changes)
  if (!('event' in found)) return { ...planned, mayFail: !(await couldBeMade(one, changes, host)) }
  const { event, mayFail = event.outcome === 'failed' } = found
  return { ...planned, mayFail, isAsWanted: event.outcome === 'unchanged' }
}
