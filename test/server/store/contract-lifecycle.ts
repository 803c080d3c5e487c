import assert from 'node:assert/strict'
import { test } from 'node:test'
import { by, enrolled, type Open, token } from './enrolled.ts'

/** What becomes of a node between its join and its end. */
export function lifecycleContract(open: Open) {
  test('lets a node that joins by a token that asks for it wait until it is approved', async (t) => {
    const store = await open(t)
    await store.createToken({ ...token, approval: true }, by)
    const [id] = await enrolled(store, 'n1')
    const waits = async () => (await store.readFleet()).nodes.map(({ awaitsApproval }) => awaitsApproval)
    assert.deepEqual(await waits(), [true])
    assert.equal((await store.findToken(token.id))?.approval, true)
    assert.equal(await store.approveNode(id, by), true)
    assert.deepEqual(await waits(), [false])
    assert.equal(await store.approveNode(id, by), false)
    assert.deepEqual((await store.findAudit({ limit: 1 }))[0]?.action, 'approve')
  })

  test('gives a node another name, and no two the same', async (t) => {
    const store = await open(t)
    const [a, b = ''] = await enrolled(store, 'a', 'b')
    await store.assign(a, ['web'], by)
    const before = await store.revision()
    assert.equal(await store.renameNode(a, 'b', by), false)
    assert.equal(await store.renameNode(a, 'a', by), true)
    assert.equal(await store.revision(), before)
    assert.equal(await store.renameNode(a, 'c', by), true)
    assert.equal((await store.findNode('c'))?.id, a)
    assert.equal(await store.findNode('a'), undefined)
    assert.deepEqual(
      (await store.readFleet()).nodes.map(({ name, roles }) => ({ name, roles })),
      [
        { name: 'b', roles: [] },
        { name: 'c', roles: ['web'] },
      ],
    )
    const [row] = await store.findAudit({ limit: 1 })
    assert.deepEqual([row?.action, row?.subject, row?.before, row?.after], ['rename', 'c', 'a', 'c'])
    await store.archiveNode(b, by)
    assert.equal(await store.renameNode(a, 'b', by), false, 'an archived node keeps its name')
    await store.revoke(b, by)
    assert.equal(await store.renameNode(a, 'b', by), true)
  })

  test('takes an archived node out of the fleet, and back with all that was set for it', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    await store.assign(id, ['web'], by)
    await store.setAttribute({ scope: 'node', subject: id, key: 'web.port' }, 80, by)
    const [before] = (await store.readFleet()).nodes
    assert.equal(await store.archiveNode(id, { author: 'ann', at: 3000 }), true)
    assert.equal(await store.archiveNode(id, by), false)
    assert.deepEqual((await store.readFleet()).nodes, [])
    assert.equal((await store.findNode('n1'))?.archivedAt, 3000)
    assert.deepEqual(
      (await store.listArchived()).map(({ name }) => name),
      ['n1'],
    )
    await assert.rejects(enrolled(store, 'n1'), 'its name is not free')
    assert.equal(await store.restoreNode(id, by), true)
    assert.equal(await store.restoreNode(id, by), false)
    const [after] = (await store.readFleet()).nodes
    assert.deepEqual({ ...after, revision: before?.revision }, before)
    assert.deepEqual(await store.listArchived(), [])
    await store.archiveNode(id, by)
    await store.revoke(id, by)
    assert.deepEqual(await store.listArchived(), [])
    await enrolled(store, 'n1')
  })
}
