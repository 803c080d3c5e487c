import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import { type Change, changesOf, type Report, type ResourceEvent } from '../../protocol/events.ts'

/** What a converge may have made of what its plan said. `absent`: unchanged, which a report only counts. */
const allowed: Record<ResourceEvent['outcome'] | 'absent', string[]> = {
  absent: ['absent'],
  unchanged: ['absent'],
  changed: [],
  'would-change': ['changed'],
  unknown: ['absent', 'changed', 'failed', 'skipped'],
  failed: ['failed'],
  skipped: ['skipped'],
  deferred: ['deferred'],
}

/** That a plan did not lie: each resource and each owed action came to be what it said, or it had said unknown. */
export function assertAgrees(plan: Report, converged: Report) {
  const planned = new Map(plan.events.map((event) => [keyOf(event), event]))
  const done = new Map(converged.events.map((event) => [keyOf(event), event]))
  const lies = [...new Set([...planned.keys(), ...done.keys()])].flatMap((key) => {
    const said = planned.get(key)
    const became = done.get(key)?.outcome ?? 'absent'
    const fine = [...allowed[said?.outcome ?? 'absent'], ...(said && 'proviso' in said ? ['absent'] : [])]
    return fine.includes(became)
      ? []
      : [`${key}: planned ${said?.outcome ?? 'unchanged'}, became ${told(done.get(key))} (${told(said)})`]
  })
  assert.deepEqual(lies, [], 'the plan said otherwise')
}

function told(event: ResourceEvent | undefined) {
  return event ? JSON.stringify(event) : 'unchanged'
}

function keyOf({ id, action }: ResourceEvent) {
  return action === undefined ? id : `${action} ${id}`
}

/** That what a plan said would change is what changed, from and to what, in the same order, and that owed actions come in theirs. */
export function assertAgreesInDetail(plan: Report, converged: Report) {
  const done = new Map(converged.events.map((event) => [keyOf(event), event]))
  const lies = plan.events.flatMap((said) => {
    const became = done.get(keyOf(said))
    if (!became || 'proviso' in said || said.outcome === 'unknown') return []
    const [foreseen, made] = [changesOf(said).map(shown), changesOf(became).map(shown)]
    return isDeepStrictEqual(foreseen, made)
      ? []
      : [`${keyOf(said)}: planned ${JSON.stringify(foreseen)}, made ${JSON.stringify(made)}`]
  })
  assert.deepEqual(lies, [], 'the plan said other changes')
  const keys = new Set(plan.events.filter((event) => !('proviso' in event)).map(keyOf))
  const order = ({ events }: Report) => events.map(keyOf).filter((key) => done.has(key) && keys.has(key))
  assert.deepEqual(order(plan), order(converged), 'the plan said another order')
}

function shown({ what, from, to, diff }: Change) {
  return { what, from, to, diff }
}
