import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResourceEvent } from '../../../protocol/events.ts'
import { type Doing, UnderWay } from '../../../server/feed/under-way.ts'
import type { Node } from '../../../server/store/store.ts'

const event: ResourceEvent = { id: 'file[/a]', outcome: 'changed', recipe: 'a', durationMs: 1, changes: [] }
const size = JSON.stringify([event]).length

function doing(id: string, run: string, done: number): Doing {
  const times = { createdAt: 0, revokedAt: null, archivedAt: null }
  const node: Node = { id, name: id, key: id, cluster: 'default', awaitsApproval: false, ...times }
  return { node, run, orders: [], done, total: 9, events: [event] }
}

const told = (underWay: UnderWay) => underWay.all().map(({ run, done, events }) => `${run} ${done} ${events.length}`)

test('a run gathers its events, until another one begins or it is over', () => {
  const underWay = new UnderWay(10 * size)
  for (const done of [1, 2]) underWay.add(doing('n1', 'first', done))
  underWay.add(doing('n2', 'other', 1))
  assert.deepEqual(told(underWay), ['first 2 2', 'other 1 1'])
  underWay.add(doing('n1', 'second', 1))
  underWay.forget('n1', 'first')
  underWay.forget('n2', 'other')
  assert.deepEqual(told(underWay), ['second 1 1'])
})

test('of more than is kept the numbers are told, and there is room again when a run is over', () => {
  const underWay = new UnderWay(2 * size)
  for (const node of ['n1', 'n2', 'n3']) underWay.add(doing(node, node, 1))
  assert.deepEqual(told(underWay), ['n1 1 1', 'n2 1 1', 'n3 1 0'])
  underWay.forget('n1')
  underWay.add(doing('n3', 'n3', 2))
  assert.deepEqual(told(underWay), ['n2 1 1', 'n3 2 1'])
})
