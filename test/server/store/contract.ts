import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test, type TestContext } from 'node:test'
import type { Store } from '../../../server/store/store.ts'
import { factsOf } from '../../helpers/fake-agent.ts'
import { attestedContract } from './contract-attested.ts'
import { findRunsContract } from './contract-find-runs.ts'
import { hooksContract } from './contract-hooks.ts'
import { leasesContract } from './contract-leases.ts'
import { lifecycleContract } from './contract-lifecycle.ts'
import { runsContract } from './contract-runs.ts'
import { ordersContract } from './contract-orders.ts'
import { staleContract } from './contract-stale.ts'
import { retentionContract } from './contract-retention.ts'
import { revisionsContract } from './contract-revisions.ts'
import { timelineContract } from './contract-timeline.ts'
import { auditContract, whoContract } from './contract-who.ts'
import { by, enrolled, type Open, token } from './enrolled.ts'

/** What every store promises. Each implementation runs this, and has no test of its own for what is here. */
export function storeContract(name: string, openStore: (t: TestContext) => Promise<Store>) {
  async function open(t: TestContext) {
    const store = await openStore(t)
    t.after(() => store.close())
    return store
  }

  describe(`the ${name} store`, () => {
    accessContract(open)
    whoContract(open)
    auditContract(open)
    enrolContract(open)
    attestedContract(open)
    desiredContract(open)
    runsContract(open)
    findRunsContract(open)
    ordersContract(open)
    leasesContract(open)
    lifecycleContract(open)
    hooksContract(open)
    staleContract(open)
    retentionContract(open)
    revisionsContract(open)
    timelineContract(open)
  })
}

function accessContract(open: Open) {
  test('keeps the authority that it was given', async (t) => {
    const store = await open(t)
    assert.equal(await store.readAuthority(), undefined)
    await store.keepAuthority({ certificate: 'c', key: 'k' })
    assert.deepEqual(await store.readAuthority(), { certificate: 'c', key: 'k' })
  })

  test('lists join tokens that can still be used, and forgets deleted ones', async (t) => {
    const store = await open(t)
    await store.createToken(token, by)
    await store.createToken({ ...token, id: 'used', usesLeft: 0 }, by)
    assert.deepEqual(await store.listTokens(4999), [token])
    assert.deepEqual(await store.listTokens(5000), [])
    assert.equal(await store.deleteToken(token.id, by), true)
    assert.equal(await store.deleteToken(token.id, by), false)
    assert.equal(await store.findToken(token.id), undefined)
  })

  test('leaves an audit row of every write with who, what, before and after', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    await store.assign(id, ['web'], { author: 'bob', at: 3000 })
    await store.setAttribute({ scope: 'node', subject: id, key: 'web.port' }, 80, { author: 'bob', at: 3001 })
    await store.setAttribute({ scope: 'node', subject: id, key: 'web.port' }, 81, { author: 'ann', at: 3002 })
    await store.unassign(id, ['web'], { author: 'bob', at: 3003 })
    await store.revoke(id, by)
    const rows = await store.findAudit({ limit: 5 })
    assert.deepEqual(rows.map(({ action, author, before, after }) => ({ action, author, before, after })).slice(1), [
      { action: 'unassign', author: 'bob', before: ['web'], after: [] },
      { action: 'set-attribute', author: 'ann', before: 80, after: 81 },
      { action: 'set-attribute', author: 'bob', before: null, after: 80 },
      { action: 'assign', author: 'bob', before: [], after: ['web'] },
    ])
    assert.equal(rows[0]?.action, 'revoke')
    assert(!JSON.stringify(await store.findAudit({ limit: 100 })).includes(token.secretHash.toString('hex')))
  })

  test('counts each desired write, and nothing else', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    const before = await store.revision()
    await store.assign(id, ['web'], by)
    await store.assign(id, ['web'], by)
    await store.keepFacts(id, 'd', factsOf('n1'), 1)
    assert.equal(await store.revision(), before + 1)
  })
}

function enrolContract(open: Open) {
  const key = 'key-1'

  test('gives a node the roles and cluster of its token', async (t) => {
    const store = await open(t)
    await store.createToken({ ...token, roles: ['base', 'web'], cluster: 'blue' }, by)
    await store.enrol(token.id, { id: 'a', name: 'n1', key }, 2000)
    const [node] = (await store.readFleet()).nodes
    assert.deepEqual(node?.roles, ['base', 'web'])
    assert.equal(node?.cluster, 'blue')
    assert.deepEqual(node?.ordinals, { base: 1, web: 1 })
  })

  test('takes one use for each node, and none from who asks again with the same key, name and token', async (t) => {
    const store = await open(t)
    await store.createToken({ ...token, usesLeft: 2 }, by)
    const first = await store.enrol(token.id, { id: 'a', name: 'n1', key }, 2000)
    const again = await store.enrol(token.id, { id: 'b', name: 'n1', key }, 9000)
    assert(first.status === 'enrolled' && again.status === 'enrolled')
    assert.equal(again.node.id, first.node.id)
    assert.equal((await store.findToken(token.id))?.usesLeft, 1)
  })

  test('gives the last use to one of many who ask at once', async (t) => {
    const store = await open(t)
    await store.createToken({ ...token, usesLeft: 3 }, by)
    const all = Array.from({ length: 10 }, (_, i) =>
      store.enrol(token.id, { id: `${i}`, name: `n${i}`, key: `k${i}` }, 1),
    )
    const states = (await Promise.all(all)).map(({ status }) => status)
    assert.equal(states.filter((status) => status === 'enrolled').length, 3)
    assert.equal(states.filter((status) => status === 'used-up').length, 7)
  })

  test('refuses what a token does not allow, and takes no use for it', async (t) => {
    const store = await open(t)
    await enrolled(store, 'n1')
    const ask = async (name: string, ofKey: string, at = 2000) =>
      (await store.enrol(token.id, { id: randomUUID(), name, key: ofKey }, at)).status
    const left = (await store.findToken(token.id))?.usesLeft
    assert.equal(await ask('n1', 'other'), 'name-taken')
    assert.equal(await ask('n2', 'k', 5000), 'expired')
    assert.equal((await store.enrol('nowhere', { id: 'x', name: 'n2', key: 'k' }, 1)).status, 'unknown-token')
    assert.equal((await store.findToken(token.id))?.usesLeft, left)
    assert.equal(await ask('n2', 'k'), 'enrolled')
    assert.equal(await ask('n3', 'k'), 'key-taken')
  })

  test('lets the name of a revoked node be taken anew, by another key and as another node', async (t) => {
    const store = await open(t)
    const [old] = await enrolled(store, 'n1')
    const oldKey = (await store.findNode('n1'))?.key ?? ''
    await store.assign(old, ['web'], by)
    await store.revoke(old, { author: 'ann', at: 2500 })
    assert.equal((await store.findNode('n1'))?.revokedAt, 2500)
    assert.equal((await store.enrol(token.id, { id: 'x', name: 'n1', key: oldKey }, 2600)).status, 'key-revoked')
    const [fresh] = await enrolled(store, 'n1')
    assert.notEqual(fresh, old)
    assert.equal((await store.findNode('n1'))?.id, fresh)
    assert.deepEqual(
      (await store.readFleet()).nodes.map(({ id, roles }) => ({ id, roles })),
      [{ id: fresh, roles: [] }],
    )
  })
}

function desiredContract(open: Open) {
  test('keeps roles in the order of assignment, each once', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    await store.assign(id, ['b', 'a'], by)
    await store.assign(id, ['c', 'a'], by)
    await store.unassign(id, ['b', 'never'], by)
    await store.assign(id, ['b'], by)
    assert.deepEqual((await store.readFleet()).nodes[0]?.roles, ['a', 'c', 'b'])
  })

  test('gives the lowest unused ordinal, keeps it while the node lives, and frees it when it goes', async (t) => {
    const store = await open(t)
    const [a, b = '', c = ''] = await enrolled(store, 'a', 'b', 'c')
    const ordinals = async () =>
      Object.fromEntries((await store.readFleet()).nodes.map((node) => [node.name, node.ordinals['zk']]))
    for (const id of [a, b, c]) await store.assign(id, ['zk'], by)
    assert.deepEqual(await ordinals(), { a: 1, b: 2, c: 3 })
    await store.unassign(b, ['zk'], by)
    const [d] = await enrolled(store, 'd')
    await store.assign(d, ['zk'], by)
    await store.assign(b, ['zk'], by)
    assert.deepEqual(await ordinals(), { a: 1, b: 2, c: 3, d: 4 })
    await store.revoke(b, by)
    const [e] = await enrolled(store, 'e')
    await store.assign(e, ['zk'], by)
    assert.deepEqual(await ordinals(), { a: 1, c: 3, d: 4, e: 2 })
  })

  test('keeps attributes of nodes and clusters apart, with author and time', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    const place = { scope: 'cluster', subject: 'default', key: 'web.port' } as const
    await store.setAttribute(place, 80, by)
    await store.setAttribute({ scope: 'node', subject: id, key: 'web.tags' }, ['a'], { author: 'bob', at: 7 })
    const { nodes, clusters } = await store.readFleet()
    assert.deepEqual(clusters, { default: { 'web.port': 80 } })
    assert.deepEqual(nodes[0]?.attributes, { 'web.tags': ['a'] })
    assert.deepEqual(await store.readAttributes('node', id), { 'web.tags': { value: ['a'], author: 'bob', at: 7 } })
    assert.equal(await store.unsetAttribute(place, by), true)
    assert.equal(await store.unsetAttribute(place, by), false)
    assert.deepEqual(await store.readAttributes('cluster', 'default'), {})
  })

  test('keeps how a node is treated: by whom, since when, why, and until when', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    const stances = async () => {
      const { audit, disabled } = (await store.readFleet()).nodes[0] ?? {}
      return { audit, disabled }
    }
    assert.deepEqual(await stances(), { audit: undefined, disabled: undefined })
    await store.setStance(id, 'audit', { reason: 'new here' }, by)
    await store.setStance(id, 'disabled', { reason: 'disk', until: 9000 }, { author: 'bob', at: 2000 })
    assert.deepEqual(await stances(), {
      audit: { reason: 'new here', by: 'ann', at: 1000 },
      disabled: { reason: 'disk', by: 'bob', at: 2000, until: 9000 },
    })
    await store.setStance(id, 'disabled', { reason: 'two disks' }, by)
    await store.setStance(id, 'audit', null, by)
    assert.deepEqual(await stances(), {
      audit: undefined,
      disabled: { reason: 'two disks', by: 'ann', at: 1000 },
    })
    await store.revoke(id, by)
    await assert.rejects(store.setStance(id, 'audit', { reason: 'late' }, by), /No living node/)
  })

  test('leaves an audit row of each stance that is taken or ended, and none of ending what is not there', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    const before = await store.revision()
    await store.setStance(id, 'disabled', null, by)
    assert.equal(await store.revision(), before)
    await store.setStance(id, 'disabled', { reason: 'disk', until: 9000 }, { author: 'bob', at: 2000 })
    await store.setStance(id, 'disabled', null, { author: 'ann', at: 3000 })
    await store.setStance(id, 'audit', { reason: 'new here' }, by)
    await store.setStance(id, 'audit', null, by)
    assert.equal(await store.revision(), before + 4)
    const disk = { reason: 'disk', by: 'bob', at: 2000, until: 9000 }
    const newHere = { reason: 'new here', by: 'ann', at: 1000 }
    const rows = (await store.findAudit({ limit: 4 })).toReversed()
    assert.deepEqual(await store.findAudit({ limit: 9, sort: 'id', after: (rows[0]?.id ?? 0) - 1 }), rows)
    assert.deepEqual(await store.findAudit({ limit: 1, after: rows[1]?.id }), rows.slice(0, 1))
    const told = rows.map(({ at, author, action, subject, before: was, after }) => ({
      at,
      author,
      action,
      subject,
      before: was,
      after,
    }))
    assert.deepEqual(told, [
      {
        at: 2000,
        author: 'bob',
        action: 'disable',
        subject: 'n1',
        before: null,
        after: { reason: 'disk', until: 9000 },
      },
      { at: 3000, author: 'ann', action: 'enable', subject: 'n1', before: disk, after: null },
      { at: 1000, author: 'ann', action: 'audit', subject: 'n1', before: null, after: { reason: 'new here' } },
      { at: 1000, author: 'ann', action: 'enforce', subject: 'n1', before: newHere, after: null },
    ])
  })

  test('gives a node its newest facts', async (t) => {
    const store = await open(t)
    const [id] = await enrolled(store, 'n1')
    assert.equal((await store.readFleet()).nodes[0]?.facts, null)
    assert.equal(await store.factsDigest(id), undefined)
    const read = async () => (await store.readFleet()).nodes[0]?.facts ?? undefined
    await store.keepFacts(id, 'one', factsOf('n1'), 1)
    assert.equal((await read())?.cpus, factsOf('n1').cpus)
    await store.keepFacts(id, 'two', factsOf('n1', { cpus: 8 }), 2)
    assert.equal((await read())?.cpus, 8)
    const facts = await read()
    assert.throws(() => Object.assign(facts ?? {}, { cpus: 9 }), TypeError)
    assert.equal(await store.factsDigest(id), 'two')
  })
}
