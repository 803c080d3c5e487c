import assert from 'node:assert/strict'
import type { LabNode } from '../../../lab/node.ts'
import { idOf } from '../../../protocol/catalog.ts'
import type { Report, ResourceEvent } from '../../../protocol/events.ts'
import { assertAgrees, assertAgreesInDetail } from '../agrees.ts'
import type { Case, Declared } from './generate.ts'
import { fingerprint, giveCatalog, putInState, run } from './machine.ts'

/** How many of the resources of a case its plan said `unknown` of. */
export interface Said {
  resources: number
  unknown: number
  proviso: number
}

/** Puts the machine in the state, plans and converges, twice each, and throws where a plan lied. */
export async function checkCase(node: LabNode, { state, before, resources }: Case): Promise<Said> {
  await putInState(node, state)
  if (before.length > 0) {
    giveCatalog(node, before)
    await run(node, 'converge')
  }
  const catalog = giveCatalog(node, resources)
  const untouched = await fingerprint(node)
  const plan = await run(node, 'plan')
  const touched = await fingerprint(node)
  assert.deepEqual(
    touched.filter((line) => !untouched.includes(line)),
    [],
    'the plan changed something',
  )
  assert.equal(plan.run.error, undefined)
  const again = await run(node, 'plan')
  if (again.run.plan !== plan.run.plan) {
    assert.deepEqual(timeless(again), timeless(plan), 'the second plan tells something else')
    assert.fail('the same plan has another hash')
  }
  const converged = await run(node, 'converge')
  assertAgrees(plan, converged)
  assertAgreesInDetail(plan, converged)
  await checkSecond(node, resources, idsOf(converged, 'skipped'))
  const count = (is: (event: ResourceEvent) => boolean) =>
    plan.events.filter((event) => event.action === undefined && is(event)).length
  return {
    resources: catalog.resources.length,
    unknown: count(({ outcome }) => outcome === 'unknown'),
    proviso: count((event) => 'proviso' in event),
  }
}

// Resources that contradict each other undo in each run what the other did, and what failed for want of what comes after it is
// made now, with what its failure skipped; a plan must see even that.
async function checkSecond(node: LabNode, resources: Declared[], skipped: string[]) {
  const plan = await run(node, 'plan')
  const second = await run(node, 'converge')
  assertAgrees(plan, second)
  assertAgreesInDetail(plan, second)
  const lonely = idsOf(second, 'changed').filter(
    (id) => !skipped.includes(id) && !resources.some((other) => idOf(other) !== id && isNear(id, idOf(other))),
  )
  assert.deepEqual(lonely, [], 'a second converge changes something')
}

function timeless({ events }: Report) {
  return events.map((event) => ({ ...event, durationMs: 0 }))
}

function idsOf({ events }: Report, wanted: ResourceEvent['outcome']) {
  return events.flatMap(({ outcome, id, action }) => (outcome === wanted && action === undefined ? [id] : []))
}

/** Whether one of them may undo what the other does. */
function isNear(one: string, other: string) {
  const [type, name] = partsOf(one)
  const [otherType, otherName] = partsOf(other)
  if (type === 'pkg' || otherType === 'pkg') return type === otherType || /(^|\/)lab-/.test(`${name}\n${otherName}`)
  if (type !== 'path' || otherType !== 'path') return type === otherType || [type, otherType].includes('exec')
  return `${name}/`.startsWith(`${otherName}/`) || `${otherName}/`.startsWith(`${name}/`)
}

function partsOf(id: string) {
  const [, type = '', name = ''] = /^(\w+)\[([^#]*).*\]$/.exec(id) ?? []
  if (type === 'user' || type === 'group') return ['account', name] as const
  if (type === 'systemd_unit' || type === 'service') return ['unit', name] as const
  if (type === 'pkg' || type === 'exec') return [type, name] as const
  return ['path', name] as const
}
