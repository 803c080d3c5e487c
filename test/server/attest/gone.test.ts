import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createAttesting } from '../../../server/attest/attesting.ts'
import { createRegistry } from '../../../server/agents/registry.ts'
import { openSqliteStore } from '../../../server/store/sqlite.ts'
import { FewInstances, instanceOf, settingsOf } from '../../helpers/instance.ts'

const minute = 60_000

/** A server's watch over the instances of nodes, looked at when the test says so. */
async function watching(t: TestContext, ...ids: string[]) {
  const store = await openSqliteStore(':memory:')
  const cloud = new FewInstances()
  cloud.all = ids.map((id) => instanceOf(id))
  const clock = { now: 1_000_000 }
  const failures: unknown[] = []
  let refreshed = 0
  const parts = {
    store,
    clock: () => clock.now,
    failed: (error: unknown) => void failures.push(error),
    registry: createRegistry(() => clock.now),
    catalogs: { refresh: async () => void refreshed++ },
  }
  const watch = createAttesting(parts, settingsOf(''), cloud)
  t.after(async () => {
    await watch.close()
    await store.close()
  })
  for (const id of ids) {
    const node = { id: `node-${id}`, name: id, key: `key-${id}`, cluster: 'blue', roles: [] }
    const { account } = instanceOf(id)
    await store.enrolAttested({ id, account, region: 'eu-west-1' }, node, { author: 'test', at: 1 })
  }
  const living = async () => (await store.readFleet()).nodes.map(({ name }) => name)
  return { store, cloud, clock, failures, watch, living, refreshed: () => refreshed }
}

test('a node whose instance is terminated is archived and revoked; one that is stopped stays', async (t) => {
  const { store, cloud, watch, living, refreshed } = await watching(t, 'i-1', 'i-2', 'i-3')
  await watch.look()
  assert.deepEqual(await living(), ['i-1', 'i-2', 'i-3'])
  assert.equal(refreshed(), 0)
  const states: Record<string, string> = { 'i-1': 'terminated', 'i-2': 'stopped', 'i-3': 'shutting-down' }
  cloud.all = cloud.all.map((instance) => ({ ...instance, state: states[instance.id] ?? '' }))
  await watch.look()
  assert.deepEqual(await living(), ['i-2', 'i-3'])
  assert((await store.findNode('i-1'))?.revokedAt)
  assert.equal(refreshed(), 1)
  const rows = await store.findAudit({ subject: 'i-1', limit: 2 })
  assert.deepEqual(
    rows.map(({ action, author }) => `${author} ${action}`),
    ['instance i-1 revoke', 'instance i-1 archive'],
  )
})

test('one that EC2 shows no more is believed to be gone only after a while, without a break', async (t) => {
  const { cloud, clock, watch, living } = await watching(t, 'i-1', 'i-2')
  const [first, second] = cloud.all
  assert(first && second)
  const lookAfter = async (ms: number, seen: typeof cloud.all) => {
    clock.now += ms
    cloud.all = seen
    await watch.look()
    return living()
  }
  assert.deepEqual(await lookAfter(0, [second]), ['i-1', 'i-2'])
  assert.deepEqual(await lookAfter(59 * minute, [second]), ['i-1', 'i-2'])
  assert.deepEqual(await lookAfter(30 * minute, [first, second]), ['i-1', 'i-2'])
  assert.deepEqual(await lookAfter(minute, [second]), ['i-1', 'i-2'])
  assert.deepEqual(await lookAfter(60 * minute, [second]), ['i-2'])
})

test('with the keys of another account, which shows none of them, nobody is gone', async (t) => {
  const { cloud, clock, watch, living } = await watching(t, 'i-1')
  Object.assign(cloud, { all: [], whose: '999999999999' })
  await watch.look()
  clock.now += 600 * minute
  await watch.look()
  assert.deepEqual(await living(), ['i-1'])
})

test('an EC2 that is away is told, and nobody is gone for it', async (t) => {
  const { cloud, clock, failures, watch, living } = await watching(t, 'i-1')
  cloud.broken = new Error('away')
  await watch.look()
  clock.now += 600 * minute
  await watch.look()
  assert.deepEqual(failures, [cloud.broken, cloud.broken])
  assert.deepEqual(await living(), ['i-1'])
})
