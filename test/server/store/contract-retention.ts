import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HookBody } from '../../../protocol/hooks.ts'
import type { Forgettable, Keep } from '../../../server/store/retention.ts'
import type { Store } from '../../../server/store/store.ts'
import { reportOf } from '../../helpers/fake-agent.ts'
import { changedFile, failedService } from '../../helpers/records.ts'
import { by, enrolled, type Open, token } from './enrolled.ts'

const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

/** The n-th run ended at n, and the server learnt of it then. */
async function storeRun(store: Store, node: string, n: number, more: Partial<Parameters<typeof reportOf>[1]> = {}) {
  const run = { startedAt: 0, finishedAt: n, outcome: 'failed' as const, ...more }
  await store.storeReport(node, reportOf(idOf(n), run, [changedFile, failedService]), n)
}

/** A little at a time, to its end; gives how many went, and that it is asked again shows that nothing is left to do. */
async function forgetAll(store: Store, kind: Forgettable, keep: Keep) {
  let count = 0
  for (let calls = 0; calls < 100_000; calls++) {
    const { forgotten, isDone } = await store.forget(kind, keep, 0)
    count += forgotten
    if (!isDone) continue
    assert.deepEqual(await store.forget(kind, keep, 1000), { forgotten: 0, isDone: true }, `${kind} a second time`)
    return count
  }
  return assert.fail(`forgetting ${kind} does not end`)
}

async function runsOf(store: Store, filter: Partial<Parameters<Store['findRuns']>[0]> = {}) {
  return (await store.findRuns({ limit: 1000, ...filter })).map(({ id }) => Number(id.slice(-12)))
}

/** What a store promises of what is kept no longer. */
export function retentionContract(open: Open) {
  test('forgets runs by age with all that finds them, but none that is the last of its node', async (t) => {
    const store = await open(t)
    const [a, b = ''] = await enrolled(store, 'web-1', 'web-2')
    for (const [n, node] of [a, b, a, a, a].entries()) await storeRun(store, node, n + 1)
    const activity = await store.readActivity({ from: 0 })
    assert.equal(await forgetAll(store, 'runs', { since: 4 }), 2)
    assert.deepEqual(await runsOf(store), [5, 4, 2])
    assert.deepEqual(await runsOf(store, { text: 'nginx' }), [5, 4, 2])
    assert.deepEqual(await runsOf(store, { resource: 'file[/etc/motd]' }), [5, 4, 2])
    assert.deepEqual(await store.readEvents(idOf(1)), [])
    assert.equal((await store.readEvents(idOf(2))).length, 2, 'the last run of a node is still explained')
    assert.deepEqual((await store.readStandings()).get(b)?.lastRun?.id, idOf(2))
    assert.deepEqual(await store.readActivity({ from: 0 }), activity, 'that they were is still counted')
  })

  test('forgets all runs but the newest so many, and a plan as well as a converge', async (t) => {
    const store = await open(t)
    const [a] = await enrolled(store, 'web-1')
    for (let n = 1; n <= 6; n++) await storeRun(store, a, n, { mode: n === 6 ? 'plan' : 'converge' })
    assert.equal(await forgetAll(store, 'runs', { newest: 9 }), 0)
    assert.equal(await forgetAll(store, 'runs', { newest: 3 }), 3)
    assert.deepEqual(await runsOf(store), [6, 5, 4])
    assert.equal(await forgetAll(store, 'runs', { newest: 3, since: 5 }), 1, 'both must hold')
    await storeRun(store, a, 7)
    assert.equal(await forgetAll(store, 'runs', { newest: 1 }), 2)
    assert.deepEqual(await runsOf(store), [7])
  })

  test('forgets events and keeps their runs, which are found by what is still told of them', async (t) => {
    const store = await open(t)
    const [a] = await enrolled(store, 'web-1')
    const many = Array.from({ length: 250 }, (_, n) => ({ ...changedFile, id: `file[/etc/${n}]` as const }))
    await store.storeReport(a, reportOf(idOf(1), { startedAt: 0, finishedAt: 1, error: 'It took too long.' }, many), 1)
    for (const n of [2, 3]) await storeRun(store, a, n)
    assert.equal(await forgetAll(store, 'events', { since: 3 }), 2)
    assert.deepEqual(await runsOf(store), [3, 2, 1])
    assert.deepEqual(await store.readEvents(idOf(1)), [])
    assert.deepEqual(await store.readEvents(idOf(2)), [])
    assert.equal((await store.readEvents(idOf(3))).length, 2)
    assert.deepEqual(await runsOf(store, { text: 'nginx' }), [3])
    assert.deepEqual(await runsOf(store, { text: 'took too long' }), [1])
    assert.deepEqual(await runsOf(store, { text: 'etc' }), [3])
    assert.deepEqual(await runsOf(store, { resource: 'file[/etc/7]' }), [])
    assert.equal(await forgetAll(store, 'runs', { since: 3 }), 2, 'they go without their events too')
    assert.deepEqual(await runsOf(store, { text: 'took too long' }), [])
  })

  test('forgets orders that are over with all their nodes; of one under way neither it nor its runs', async (t) => {
    const store = await open(t)
    await store.createToken({ ...token, usesLeft: 120 }, by)
    const nodes = await enrolled(store, ...Array.from({ length: 120 }, (_, n) => `web-${n}`))
    const [a, b = ''] = nodes
    const order = { mode: 'converge', author: 'ann', deadline: 99 } as const
    const targets = nodes.map((node) => ({ node, state: 'refused' as const }))
    await store.createOrder({ ...order, id: 'over', createdAt: 1 }, targets, by)
    const waiting = [a, b].map((node) => ({ node, state: 'waiting' as const }))
    await store.createOrder({ ...order, id: 'open', createdAt: 2 }, waiting, by)
    await store.createOrder({ ...order, id: 'late', createdAt: 3 }, [], by)
    await storeRun(store, a, 4, { orders: ['open'] })
    for (const n of [5, 6]) await storeRun(store, a, n)

    assert.equal(await forgetAll(store, 'orders', { since: 3 }), 1)
    assert.equal(await store.readOrder('over'), undefined)
    assert.equal((await store.readOrder('open'))?.targets.length, 2)
    assert.equal(await forgetAll(store, 'orders', { newest: 1 }), 0)
    assert.equal(await forgetAll(store, 'runs', { newest: 1 }), 1)
    assert.deepEqual(await runsOf(store), [6, 4])

    await store.cancelOrder('open', by)
    assert.equal(await forgetAll(store, 'orders', { newest: 1 }), 1)
    assert.deepEqual(
      (await store.listOrders({ limit: 9 })).map(({ id }) => id),
      ['late'],
    )
    assert.equal(await forgetAll(store, 'runs', { newest: 1 }), 1)
  })

  test('forgets revisions, but not the newest two and those under which a node has run last or an order is under way', async (t) => {
    const store = await open(t)
    const content = { files: {}, roles: {}, recipes: {}, types: {} }
    const changes = { files: { added: [], changed: [], removed: [] }, roles: [], recipes: [], types: [] }
    for (const at of [10, 20, 30, 40, 50, 60, 70, 80])
      await store.keepRevision({ id: `r${at}`, at, ...changes }, content)
    const left = async () => (await store.findRevisions({ limit: 9 })).map(({ at }) => at)
    const [a] = await enrolled(store, 'web-1')
    await store.storeReport(a, reportOf(idOf(1), { startedAt: 29, finishedAt: 200 }), 201)
    const order = { id: 'o', mode: 'converge', author: 'ann', createdAt: 50, deadline: 99 } as const
    await store.createOrder(order, [{ node: a, state: 'waiting' }], by)

    assert.equal(await forgetAll(store, 'revisions', { since: 20 }), 0, 'the first was in force until then')
    assert.equal(await forgetAll(store, 'revisions', { since: 21 }), 1)
    assert.deepEqual(await left(), [80, 70, 60, 50, 40, 30, 20])
    assert.equal(await forgetAll(store, 'revisions', { newest: 1 }), 3)
    assert.deepEqual(await left(), [80, 70, 50, 20])
    assert.deepEqual(
      (await store.lastRevisions()).map(({ at }) => at),
      [80, 70],
    )
    await store.cancelOrder('o', by)
    await store.storeReport(a, reportOf(idOf(2), { startedAt: 80, finishedAt: 210 }), 211)
    assert.equal(await forgetAll(store, 'revisions', { since: 9e12 }), 2)
    assert.deepEqual(await left(), [80, 70])
  })

  test('forgets deliveries that were made or given up, and none that is still to be made', async (t) => {
    const store = await open(t)
    const url = 'https://pager.example'
    const webhook = { name: 'pager', url, secret: 's', kinds: [], clusters: null, enabled: true, ...by }
    await store.createWebhook(webhook, by)
    const body: HookBody = { id: '', kind: 'test', at: 0, node: null, reason: 'a test' }
    const ids: string[] = []
    for (const at of [1, 2, 3, 4]) ids.push((await store.queueTest('pager', { ...body, at })).id)
    const attempt = { at: 5, ms: 1, status: 200, error: null }
    for (const [n, state] of (['delivered', 'dead', 'waiting', 'delivered'] as const).entries())
      await store.attempted(ids[n] ?? '', attempt, { state, nextAt: 9 })
    const left = async () => (await store.findDeliveries({ limit: 9 })).map(({ id }) => ids.indexOf(id) + 1)
    assert.equal(await forgetAll(store, 'deliveries', { since: 2 }), 1)
    assert.deepEqual(await left(), [4, 3, 2])
    assert.equal(await forgetAll(store, 'deliveries', { newest: 1 }), 1)
    assert.deepEqual(await left(), [4, 3])
  })

  test('forgets audit rows only where that is asked for', async (t) => {
    const store = await open(t)
    const [a] = await enrolled(store, 'web-1')
    for (const at of [1, 2, 3]) await store.setAttribute({ scope: 'node', subject: a, key: 'k' }, at, { ...by, at })
    const before = await store.findAudit({ limit: 99 })
    for (const kind of ['runs', 'events', 'orders', 'deliveries'] as const)
      await forgetAll(store, kind, { since: 9e12 })
    assert.deepEqual(await store.findAudit({ limit: 99 }), before)
    assert.equal(await forgetAll(store, 'audit', { newest: 2 }), before.length - 2)
    assert.deepEqual(await store.findAudit({ limit: 99 }), before.slice(0, 2))
    await forgetAll(store, 'audit', { since: 9e12 })
    assert.deepEqual(await store.findAudit({ limit: 99 }), before.slice(0, 1), 'its number is not given again')
  })
}
