import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { reportOf } from '../../helpers/fake-agent.ts'
import type { OrderFilter } from '../../../server/store/orders.ts'
import { by, enrolled, type Open, token } from './enrolled.ts'

/** What a store promises of orders and their targets. */
export function ordersContract(open: Open) {
  async function ordered(t: TestContext) {
    const store = await open(t)
    const [a, b = ''] = await enrolled(store, 'a', 'b')
    const order = { id: 'o1', mode: 'converge', author: 'ann', createdAt: 10, deadline: 99 } as const
    const targets = [
      { node: a, state: 'waiting' as const },
      { node: b, state: 'refused' as const, reason: 'pending: alone' },
    ]
    await store.createOrder(order, targets, by)
    const states = async () => (await store.readOrder('o1'))?.targets.map(({ state }) => state)
    return { store, a, b, order, states }
  }

  test('gives back an order with its targets in order', async (t) => {
    const { store, order } = await ordered(t)
    const empty = { run: null, outcome: null, counts: null, at: 10 }
    const targets = [
      { node: 'a', state: 'waiting' as const, reason: null, ...empty },
      { node: 'b', state: 'refused' as const, reason: 'pending: alone', ...empty },
    ]
    assert.deepEqual(await store.readOrder('o1'), { ...order, targets })
    assert.deepEqual(await store.listOrders({ limit: 5 }), [{ ...order, states: { refused: 1, waiting: 1 } }])
    assert.equal(await store.readOrder('o2'), undefined)
  })

  test('lists orders with how many targets are in each state, by what is asked of them, page by page', async (t) => {
    const { store, a, b } = await ordered(t)
    const more = { mode: 'plan', author: 'bob', deadline: 99 } as const
    await store.createOrder({ ...more, id: 'o2', createdAt: 10 }, [{ node: a, state: 'waiting' }], by)
    await store.createOrder({ ...more, id: 'o3', createdAt: 11 }, [{ node: b, state: 'refused' }], by)
    await store.turnTarget('o1', a, ['waiting'], { state: 'cancelled', at: 12 })
    const ids = async (filter: Omit<OrderFilter, 'limit'>) =>
      (await store.listOrders({ ...filter, limit: 9 })).map(({ id }) => id).join(' ')
    assert.equal(await ids({}), 'o3 o2 o1')
    assert.equal(await ids({ sort: 'createdAt' }), 'o1 o2 o3')
    assert.equal(await ids({ after: { createdAt: 10, id: 'o2' } }), 'o1')
    assert.equal(await ids({ after: { createdAt: 10, id: 'o2' }, sort: 'createdAt' }), 'o3')
    assert.deepEqual([await ids({ open: true }), await ids({ open: false })], ['o2', 'o3 o1'])
    assert.deepEqual([await ids({ node: b }), await ids({ state: 'cancelled' })], ['o3 o1', 'o1'])
    assert.deepEqual([await ids({ author: 'ann' }), await ids({ mode: 'plan' })], ['o1', 'o3 o2'])
    const [first] = await store.listOrders({ author: 'ann', limit: 1 })
    assert.deepEqual(first?.states, { cancelled: 1, refused: 1 })
  })

  test('lists to who is for some clusters what stands there alone', async (t) => {
    const { store, a, order } = await ordered(t)
    await store.createToken({ ...token, id: 'token001', cluster: 'blue' }, by)
    await store.enrol('token001', { id: 'blue', name: 'blue', key: 'blue' }, 2000)
    const both = [a, 'blue'].map((node) => ({ node, state: 'waiting' as const }))
    await store.createOrder({ ...order, id: 'o2', createdAt: 11 }, both, by)
    await store.turnTarget('o2', a, ['waiting'], { state: 'cancelled', at: 12 })
    const listed = async (filter: Omit<OrderFilter, 'limit'>, ...clusters: string[]) =>
      (await store.listOrders({ ...filter, clusters, limit: 9 })).map(({ id, states }) => [id, states])
    assert.deepEqual(await listed({}, 'blue'), [['o2', { waiting: 1 }]])
    assert.deepEqual(await listed({ open: true }, 'default'), [['o1', { refused: 1, waiting: 1 }]])
    assert.deepEqual(await listed({ open: true }, 'blue'), [['o2', { waiting: 1 }]])
    assert.deepEqual(await listed({ open: false }, 'default'), [['o2', { cancelled: 1 }]])
    assert.deepEqual(await listed({ state: 'waiting' }, 'default'), [['o1', { refused: 1, waiting: 1 }]])
    assert.deepEqual(await listed({ state: 'cancelled' }, 'blue'), [])
    assert.equal((await listed({ open: true }, 'blue', 'default')).length, 2)
  })

  test('makes one order of all that its author gives under one key', async (t) => {
    const { store, a, order } = await ordered(t)
    const once = { key: 'k1', asked: 'ab'.repeat(32) }
    const give = (id: string, author = 'ann') =>
      store.createOrder({ ...order, id, author }, [{ node: a, state: 'waiting' }], by, once)
    const audited = async () => (await store.findAudit({ limit: 100 })).length
    const before = await audited()
    assert.deepEqual(await Promise.all(['o2', 'o3', 'o4'].map((id) => give(id))), [true, false, false])
    assert.deepEqual(await store.findOrderByKey('ann', 'k1'), { id: 'o2', asked: once.asked })
    assert.equal(await store.readOrder('o3'), undefined)
    assert.equal(await audited(), before + 1)
    assert.equal(await store.findOrderByKey('bob', 'k1'), undefined)
    assert.equal(await give('o5', 'bob'), true, 'each author has keys of their own')
  })

  test('tells who is done with an order and did not converge, and which order another tries again', async (t) => {
    const { store, a, b, order } = await ordered(t)
    assert.deepEqual(await store.unconverged('o1'), [b])
    await store.turnTarget('o1', a, ['waiting'], { state: 'timed-out', at: 12 })
    assert.deepEqual(await store.unconverged('o1'), [a, b])
    assert.deepEqual(await store.unconverged('o1', ['default']), [a, b])
    assert.deepEqual(await store.unconverged('o1', ['blue']), [])
    await store.archiveNode(b, by)
    assert.deepEqual(await store.unconverged('o1'), [a])
    await store.createOrder({ ...order, id: 'o2', again: 'o1' }, [{ node: a, state: 'waiting' }], by)
    await store.turnTarget('o2', a, ['waiting'], { state: 'converged', at: 13 })
    assert.deepEqual(await store.unconverged('o2'), [])
    assert.equal((await store.readOrder('o2'))?.again, 'o1')
    assert.deepEqual(
      (await store.listOrders({ limit: 5, sort: 'createdAt' })).map(({ again }) => again),
      [undefined, 'o1'],
    )
  })

  test('turns a target only from the states given, so a final state stays', async (t) => {
    const { store, a, b, states } = await ordered(t)
    assert.equal(
      (await store.turnTarget('o1', a, ['waiting'], { state: 'delivered', at: 11 }))?.target.state,
      'delivered',
    )
    assert.equal(await store.turnTarget('o1', a, ['waiting'], { state: 'unreachable', at: 12 }), undefined)
    assert.equal(await store.turnTarget('o1', b, ['waiting'], { state: 'delivered', at: 12 }), undefined)
    assert.deepEqual(await states(), ['delivered', 'refused'])
    assert.deepEqual(
      (await store.openTargets()).map(({ node, state }) => ({ node, state })),
      [{ node: a, state: 'delivered' }],
    )
    assert.deepEqual(await store.openTargets(b), [])
  })

  test('finishes the targets that a report answers, of its own node and mode alone', async (t) => {
    const { store, a, b, states } = await ordered(t)
    assert.deepEqual(await store.storeReport(b, reportOf(randomUUID(), { orders: ['o1'] }), 20), [])
    assert.deepEqual(await store.storeReport(a, reportOf(randomUUID(), { orders: ['o1'], mode: 'plan' }), 20), [])
    assert.deepEqual(await states(), ['waiting', 'refused'])
    const report = reportOf(randomUUID(), { orders: ['o1', 'nowhere'], outcome: 'failed', error: 'no disk' })
    const [turn] = (await store.storeReport(a, report, 21)) ?? []
    assert.deepEqual(turn, {
      order: 'o1',
      node: a,
      target: {
        node: 'a',
        state: 'failed',
        reason: 'no disk',
        run: report.run.id,
        outcome: 'failed',
        counts: report.run.counts,
        at: 21,
      },
    })
    assert.deepEqual(await store.storeReport(a, report, 22), undefined)
    assert.deepEqual(await store.openTargets(), [])
  })

  test('keeps the hash that an order goes by, and gives the one that a target planned', async (t) => {
    const { store, a } = await ordered(t)
    const hash = 'ab'.repeat(32)
    const planned = { id: 'o2', mode: 'plan', author: 'ann', createdAt: 11, deadline: 99 } as const
    const byHash = { id: 'o3', mode: 'converge', plan: hash, author: 'ann', createdAt: 12, deadline: 99 } as const
    for (const order of [planned, byHash]) await store.createOrder(order, [{ node: a, state: 'waiting' }], by)
    const plans = (await store.openTargets(a)).map(({ order, plan }) => ({ order, plan }))
    assert.deepEqual(plans, [
      { order: 'o1', plan: undefined },
      { order: 'o2', plan: undefined },
      { order: 'o3', plan: hash },
    ])
    assert.equal((await store.readOrder('o3'))?.plan, hash)
    assert.equal((await store.findAudit({ limit: 1 }))[0]?.subject, 'o3')
    assert.deepEqual((await store.findAudit({ limit: 1 }))[0]?.after, { mode: 'converge', plan: hash, targets: 1 })

    const report = reportOf(randomUUID(), { mode: 'plan', orders: ['o2'], outcome: 'would-change', plan: hash })
    const [turn] = (await store.storeReport(a, report, 21)) ?? []
    assert.equal(turn?.target.plan, hash)
    assert.equal((await store.readOrder('o2'))?.targets[0]?.plan, hash)
  })

  test('cancels what is open and says what that was', async (t) => {
    const { store, states } = await ordered(t)
    const turns = await store.cancelOrder('o1', { author: 'bob', at: 30 })
    assert.deepEqual(
      turns.map(({ target }) => target.reason),
      ['cancelled by bob'],
    )
    assert.deepEqual(await store.cancelOrder('o1', { author: 'bob', at: 31 }), [])
    assert.deepEqual(await states(), ['cancelled', 'refused'])
  })
}
