import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { ResourceEvent, Run } from '../../../protocol/events.ts'
import type { RunFilter, Store } from '../../../server/store/store.ts'
import { reportOf } from '../../helpers/fake-agent.ts'
import { changedFile, failedService } from '../../helpers/records.ts'
import { by, enrolled, type Open, token } from './enrolled.ts'

type Told = Partial<Omit<Run, 'id'>> & { events?: ResourceEvent[] }

/** The n-th run has n as the last digits of its id, and ended at n unless said. */
async function storeRun(store: Store, node: string, n: number, { events = [], ...run }: Told = {}) {
  const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
  const outcome = events.length > 0 ? 'changed' : 'unchanged'
  await store.storeReport(node, reportOf(id, { startedAt: 0, finishedAt: n, outcome, ...run }, events), 1000)
}

/** The last digits of the runs found, whole and page by page: both must be the same. */
async function found(store: Store, filter: Omit<RunFilter, 'limit' | 'after'>) {
  const whole = (await store.findRuns({ ...filter, limit: 100 })).map(({ id }) => id)
  const paged: string[] = []
  for (let after: string | undefined; ; after = paged.at(-1)) {
    const page = await store.findRuns({ ...filter, limit: 2, after })
    if (page.length === 0) break
    paged.push(...page.map(({ id }) => id))
  }
  assert.deepEqual(paged, whole, JSON.stringify(filter))
  return whole.map((id) => Number(id.slice(-12)))
}

const drifted: ResourceEvent = {
  outcome: 'changed',
  id: 'file[/etc/issue]',
  recipe: 'base',
  durationMs: 1,
  changes: [],
  cause: 'drift',
}

/** Two clusters, of which one has a node of its own role. */
async function fleet(open: Open, t: TestContext) {
  const store = await open(t)
  const [a, b = ''] = await enrolled(store, 'web-1', 'web-2')
  await store.createToken({ ...token, id: 'other', cluster: 'other' }, by)
  await store.enrol('other', { id: 'cccc-c', name: 'db-1', key: 'ccc' }, 2000)
  await store.assign('cccc-c', ['db'], by)
  return { store, a, b, c: 'cccc-c' }
}

/** What a store promises of looking for runs. */
export function findRunsContract(open: Open) {
  test('finds runs by node, role, cluster and the clusters that one may see, newest first in pages', async (t) => {
    const { store, a, b, c } = await fleet(open, t)
    for (const [n, node] of [a, b, c, a, c, b, a].entries()) await storeRun(store, node, n + 1)
    assert.deepEqual(await found(store, {}), [7, 6, 5, 4, 3, 2, 1])
    assert.deepEqual(await found(store, { node: 'web-1' }), [7, 4, 1])
    assert.deepEqual(await found(store, { role: 'db' }), [5, 3])
    assert.deepEqual(await found(store, { cluster: 'default' }), [7, 6, 4, 2, 1])
    assert.deepEqual(await found(store, { clusters: ['other', 'nowhere'] }), [5, 3])
    assert.deepEqual(await found(store, { clusters: ['default', 'other'] }), [7, 6, 5, 4, 3, 2, 1])
    assert.deepEqual(await found(store, { cluster: 'default', clusters: ['other'] }), [])
    assert.deepEqual(await found(store, { node: 'nobody' }), [])
  })

  test('finds runs by time, mode, drift, and all of it together', async (t) => {
    const { store, a, b } = await fleet(open, t)
    await storeRun(store, a, 1, { events: [drifted] })
    await storeRun(store, a, 2, { mode: 'plan', outcome: 'would-change' })
    await storeRun(store, b, 3, { events: [changedFile], trigger: 'drift' })
    await storeRun(store, b, 4, { events: [drifted], trigger: 'drift' })
    await storeRun(store, a, 5)
    assert.deepEqual(await found(store, { from: 2, to: 4 }), [3, 2])
    assert.deepEqual(await found(store, { mode: 'plan' }), [2])
    assert.deepEqual(await found(store, { drift: true }), [4, 1])
    assert.deepEqual(await found(store, { drift: true, trigger: 'drift', outcome: 'changed', node: 'web-2' }), [4])
    const [run] = await store.findRuns({ drift: true, limit: 1 })
    assert.equal(run?.drift, 1)
  })

  test('finds runs by resource, for all nodes and some', async (t) => {
    const { store, a, b, c } = await fleet(open, t)
    await storeRun(store, a, 1, { events: [changedFile, failedService] })
    await storeRun(store, b, 2, { events: [failedService] })
    await storeRun(store, c, 3, { events: [changedFile] })
    await storeRun(store, a, 4, { events: [changedFile, { ...changedFile, action: 'reload' }], finishedAt: 3 })
    const resource = 'file[/etc/motd]'
    assert.deepEqual(await found(store, { resource }), [4, 3, 1])
    assert.deepEqual(await found(store, { resource, from: 2 }), [4, 3])
    assert.deepEqual(await found(store, { resource, node: 'web-1' }), [4, 1])
    assert.deepEqual(await found(store, { resource, cluster: 'default' }), [4, 1])
    assert.deepEqual(await found(store, { resource, text: 'address in use' }), [1])
    assert.deepEqual(await found(store, { resource: 'file[/etc/mot]' }), [])
  })

  test('finds runs by the words of what is told of them', async (t) => {
    const { store, a, b, c } = await fleet(open, t)
    await storeRun(store, a, 1, { events: [failedService], outcome: 'failed' })
    await storeRun(store, b, 2, { events: [changedFile] })
    await storeRun(store, c, 3, { outcome: 'failed', error: 'The run took longer than 5m.' })
    await storeRun(store, a, 4, { events: [failedService], outcome: 'failed', trigger: 'order' })
    await storeRun(store, c, 5, { events: [failedService], outcome: 'failed' })
    assert.deepEqual(await found(store, { text: 'ADDRESS use' }), [5, 4, 1])
    assert.deepEqual(await found(store, { text: 'address motd' }), [])
    assert.deepEqual(await found(store, { text: '/etc/mo*' }), [2])
    assert.deepEqual(await found(store, { text: '/etc/mo' }), [])
    assert.deepEqual(await found(store, { text: 'longer' }), [3])
    assert.deepEqual(await found(store, { text: 'db' }), [5, 3])
    assert.deepEqual(await found(store, { text: 'nginx', node: 'web-1' }), [4, 1])
    assert.deepEqual(await found(store, { text: 'nginx', cluster: 'other' }), [5])
    assert.deepEqual(await found(store, { text: 'nginx', trigger: 'order', outcome: 'failed' }), [4])
    assert.deepEqual(await found(store, { text: 'nginx', from: 2, to: 5 }), [4])
    assert.deepEqual(await found(store, { text: '" OR (' }), [])
  })

  test('finds the runs that answer an order', async (t) => {
    const { store, a, b } = await fleet(open, t)
    const order = { id: 'o1', mode: 'converge', author: 'ann', createdAt: 10, deadline: 99 } as const
    const targets = [a, b].map((node) => ({ node, state: 'waiting' as const }))
    await store.createOrder(order, targets, by)
    await storeRun(store, a, 1)
    await storeRun(store, a, 2, { orders: ['o1'] })
    await storeRun(store, b, 3, { orders: ['o1'] })
    assert.deepEqual(await found(store, { order: 'o1' }), [3, 2])
    assert.deepEqual(await found(store, { order: 'o1', node: 'web-1' }), [2])
    assert.deepEqual(await found(store, { order: 'o2' }), [])
  })
}
