import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { decide, type GroupState, roomOf } from '../../../server/leases/decide.ts'

const now = Date.UTC(2026, 0, 2)
const well = { trouble: null, busy: null }

interface Given {
  members?: Record<string, { trouble?: string; busy?: string }>
  held?: string[]
  waiting?: (Partial<GroupState['waiting'][number]> & { node: string })[]
}

function groupOf({ members = { m1: {}, m2: {}, m3: {} }, held = [], waiting = [] }: Given): GroupState {
  return {
    now,
    members: new Map(Object.entries(members).map(([name, more]) => [name, { name, ...well, ...more }])),
    held: new Map(held.map((name) => [name, { name, grantedAt: now - 1000 }])),
    waiting: waiting.map((one) => ({ name: one.node, max: 1, last: false, barred: null, ...one })),
  }
}

function decided(given: Given) {
  const { grants, refusals } = decide(groupOf(given))
  return { grants, refusals: Object.fromEntries(refusals) }
}

const both = [{ node: 'm1' }, { node: 'm2' }]

test('of two that ask at once the first is served, and the second hears of it', () => {
  assert.deepEqual(decided({ waiting: both }), {
    grants: ['m1'],
    refusals: { m2: 'node m1 holds it since 2026-01-02T00:00:00.000Z' },
  })
})

test('nobody is served while another holds it or is not well', () => {
  assert.deepEqual(decided({ held: ['m3'], waiting: both }).refusals, {
    m1: 'node m3 holds it since 2026-01-01T23:59:59.000Z',
    m2: 'node m3 holds it since 2026-01-01T23:59:59.000Z',
  })
  assert.deepEqual(
    decided({ members: { m1: {}, m3: { trouble: 'm3 is not connected' } }, waiting: [{ node: 'm1' }] }),
    {
      grants: [],
      refusals: { m1: 'm3 is not connected' },
    },
  )
})

test('a node that is not well itself may act: that is how it is mended', () => {
  const members = { m1: { trouble: 'probe[zookeeper] on m1 is not well' }, m2: {} }
  assert.deepEqual(decided({ members, waiting: both }), {
    grants: ['m1'],
    refusals: { m2: 'node m1 holds it since 2026-01-02T00:00:00.000Z' },
  })
})

test('a holder that is not well is counted once', () => {
  const members = { m1: {}, m2: { trouble: 'm2 is not connected' }, m3: {} }
  assert.deepEqual(decided({ members, held: ['m2'], waiting: [{ node: 'm1', max: 2 }] }).grants, ['m1'])
})

test('a percentage is of the members, rounded down, and at least one', () => {
  const rooms = [roomOf('20%', 9), roomOf('20%', 10), roomOf('20%', 3), roomOf('100%', 5), roomOf(4, 2)]
  assert.deepEqual(rooms, [1, 2, 1, 5, 4])
  const names = Array.from({ length: 10 }, (_, i) => `m${i}`)
  const members = Object.fromEntries(names.map((name) => [name, {}]))
  const { grants, refusals } = decided({ members, waiting: names.map((node) => ({ node, max: '20%' })) })
  assert.deepEqual(grants, ['m0', 'm1'])
  assert.match(refusals['m9'] ?? '', /^at most 2 at a time: node m0 holds it since .*; node m1 holds it since/)
})

test('who cannot be served keeps nobody else from it, and each goes by its own rule', () => {
  assert.deepEqual(decided({ held: ['m3'], waiting: [{ node: 'm1' }, { node: 'm2', max: 2 }] }).grants, ['m2'])
  const barred = decided({ waiting: [{ node: 'm1', barred: 'it is disabled' }, { node: 'm2' }] })
  assert.deepEqual(barred, { grants: ['m2'], refusals: { m1: 'it is disabled' } })
})

test('who goes last waits for all others that have something to do', () => {
  const last = { node: 'm1', last: true }
  const whyNot = (given: Given) => decided({ waiting: [last], ...given }).refusals['m1']
  assert.deepEqual(decided({ waiting: [last] }).grants, ['m1'])
  assert.deepEqual(decided({ waiting: [last, { node: 'm2' }] }).grants, ['m2'])
  assert.equal(
    whyNot({ members: { m1: {}, m2: { busy: 'has yet to converge' } } }),
    'it goes last, and node m2 has yet to converge',
  )
  assert.equal(whyNot({ held: ['m2'], waiting: [{ ...last, max: 2 }] }), 'it goes last, and node m2 holds it')
  assert.equal(whyNot({ members: { m1: { busy: 'is in a run' }, m2: {} } }), undefined)
  const barred = { node: 'm2', barred: 'it is disabled' }
  assert.deepEqual(decided({ waiting: [last, barred] }).grants, ['m1'])
  const room = decided({
    waiting: [
      { ...last, max: 2 },
      { node: 'm2', max: 2 },
    ],
  })
  assert.deepEqual(room, { grants: ['m2'], refusals: { m1: 'it goes last, and node m2 holds it' } })
})

test('of several that go last the first goes first, though each is in its run', () => {
  const members = { m1: { busy: 'is in a run' }, m2: { busy: 'is in a run' } }
  const waiting = [
    { node: 'm2', last: true },
    { node: 'm1', last: true },
  ]
  assert.deepEqual(decided({ members, waiting }).grants, ['m2'])
})

test('of many reasons the first few are told', () => {
  const names = Array.from({ length: 6 }, (_, i) => `m${i}`)
  const members = Object.fromEntries(names.map((name) => [name, { trouble: `${name} is not connected` }]))
  assert.equal(
    decided({ members, waiting: [{ node: 'm0' }] }).refusals['m0'],
    'm1 is not connected; m2 is not connected; m3 is not connected; and others',
  )
})

const ids = Array.from({ length: 7 }, (_, i) => `n${i}`)
const someMax = fc.oneof(
  fc.integer({ min: 1, max: 4 }),
  fc.integer({ min: 1, max: 100 }).map((part) => `${part}%`),
)
const oneNode = fc.record({
  isMember: fc.boolean(),
  isHolder: fc.boolean(),
  trouble: fc.constantFrom(null, null, 'it is not well'),
  busy: fc.constantFrom(null, null, 'is in a run'),
  barred: fc.constantFrom(null, null, null, 'it is disabled'),
  asks: fc.boolean(),
  max: someMax,
  last: fc.boolean(),
})

const anyGroup = fc
  .record({
    nodes: fc.tuple(...ids.map(() => oneNode)),
    order: fc.shuffledSubarray(ids, { minLength: ids.length }),
  })
  .map(({ nodes, order }): GroupState => {
    const of = ids.map((id, index) => ({ id, ...nodes[index] })).map((one) => ({ ...one, name: one.id }))
    return {
      now,
      members: new Map(
        of.flatMap(({ id, name, isMember, trouble = null, busy = null }) =>
          isMember ? [[id, { name, trouble, busy }] as const] : [],
        ),
      ),
      held: new Map(of.flatMap(({ id, name, isHolder }) => (isHolder ? [[id, { name, grantedAt: 1 }] as const] : []))),
      waiting: order.flatMap((id) =>
        of.flatMap(({ asks, isMember, isHolder, name, max = 1, last = false, barred = null, ...one }) =>
          one.id === id && asks && isMember && !isHolder ? [{ node: id, name, max, last, barred }] : [],
        ),
      ),
    }
  })

/** Those that hold a lease or are not well, `node` among the first. */
function actingOrUnwell(node: string, { members }: GroupState, held: Iterable<string>) {
  const unwell = [...members].filter(([id, { trouble }]) => id !== node && trouble !== null).map(([id]) => id)
  return new Set([...held, node, ...unwell]).size
}

test('whatever a group is like, no grant makes more than max of it acting or unwell', () => {
  fc.assert(
    fc.property(anyGroup, (state) => {
      const held = new Set(state.held.keys())
      for (const node of decide(state).grants) {
        const one = state.waiting.find((asking) => asking.node === node)
        assert(one && one.barred === null && !held.has(node))
        assert(actingOrUnwell(node, state, held) <= roomOf(one.max, state.members.size))
        if (one.last) assert.equal(held.size, 0, 'whoever goes last goes alone')
        held.add(node)
      }
    }),
    { numRuns: 3000 },
  )
})

test('whatever a group is like, each that asks is served or told why not, and somebody is served where nothing is in the way', () => {
  fc.assert(
    fc.property(anyGroup, (state) => {
      const { grants, refusals } = decide(state)
      assert.deepEqual([...grants, ...refusals.keys()].toSorted(), state.waiting.map(({ node }) => node).toSorted())
      for (const reason of refusals.values()) assert.notEqual(reason, '')
      const able = state.waiting.filter(({ barred }) => barred === null)
      const isCalm = [...state.members.values()].every(({ trouble, busy }) => trouble === null && busy === null)
      if (isCalm && state.held.size === 0 && able.length > 0) assert(grants.length > 0)
    }),
    { numRuns: 3000 },
  )
})
