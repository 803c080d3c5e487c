import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StaleWrite } from '../../../server/store/stale-write.ts'
import { by, enrolled, type Open } from './enrolled.ts'

/** Writes that are only for what somebody has read. */
export function staleContract(open: Open) {
  test('numbers what is set for each node and each cluster by the last write to it', async (t) => {
    const store = await open(t)
    const [a, b = ''] = await enrolled(store, 'a', 'b')
    const revisions = async () => {
      const { nodes, clusterRevisions } = await store.readFleet()
      return [...nodes.map(({ revision }) => revision), clusterRevisions['default'] ?? 0]
    }
    const [ofA = 0, ofB = 0, ofCluster] = await revisions()
    assert(ofA > 0 && ofB > ofA)
    assert.equal(ofCluster, 0)
    await store.assign(a, ['web'], by)
    await store.assign(a, ['web'], by)
    assert.deepEqual(await revisions(), [ofB + 1, ofB, 0], 'giving what it has is no write')
    await store.setAttribute({ scope: 'cluster', subject: 'default', key: 'web.port' }, 80, by)
    await store.setStance(b, 'audit', { reason: 'new' }, by)
    assert.deepEqual(await revisions(), [ofB + 1, ofB + 3, ofB + 2])
    await store.renameNode(b, 'c', by)
    assert.deepEqual(await revisions(), [ofB + 1, ofB + 4, ofB + 2])
    assert.equal(await store.revision(), ofB + 4)
  })

  test('does a write for a revision only where that is still the last', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    const own = { scope: 'node', subject: id, key: 'web.port' } as const
    const ofCluster = { scope: 'cluster', subject: 'default', key: 'web.port' } as const
    const read = async () => (await store.readFleet()).nodes[0]?.revision ?? 0
    const first = await read()
    await store.assign(id, ['web'], by, first)
    const audited = await store.findAudit({ limit: 100 })
    const isStale = (error: unknown) => error instanceof StaleWrite && error.revision === first + 1
    await assert.rejects(store.assign(id, ['base'], by, first), isStale)
    await assert.rejects(store.unassign(id, ['web'], by, first), isStale)
    await assert.rejects(store.setAttribute(own, 80, by, first), isStale)
    await assert.rejects(store.unsetAttribute(own, by, first), isStale)
    await assert.rejects(store.setAttribute(ofCluster, 80, by, 7), StaleWrite)
    assert.deepEqual(await store.findAudit({ limit: 100 }), audited)
    assert.deepEqual((await store.readFleet()).nodes[0]?.roles, ['web'])
    await store.setAttribute(ofCluster, 80, by, 0)
    await store.setAttribute(own, 80, by, first + 1)
    assert.equal(await store.unsetAttribute(own, by, await read()), true)
  })

  test('lets one of many writes for the same revision win', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    const seen = (await store.readFleet()).nodes[0]?.revision
    const writes = Array.from({ length: 8 }, (_, index) => store.assign(id, [`role-${index}`], by, seen))
    const settled = await Promise.allSettled(writes)
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal((await store.readFleet()).nodes[0]?.roles.length, 1)
  })
}
