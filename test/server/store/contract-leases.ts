import assert from 'node:assert/strict'
import { test } from 'node:test'
import { by, enrolled, type Open } from './enrolled.ts'

/** What a store promises of leases. */
export function leasesContract(open: Open) {
  const zookeeper = { cluster: 'default', group: 'zookeeper', action: 'restart service[zookeeper]' }
  const times = { grantedAt: 10, expiresAt: 99 }

  test('gives each lease a higher number than all before it, also when those are over', async (t) => {
    const store = await open(t)
    const [a, b = ''] = await enrolled(store, 'a', 'b')
    const grant = (node: string, group = 'zookeeper') => store.grantLease({ ...zookeeper, group, node, ...times })
    const [first, second, third] = await Promise.all([grant(a), grant(b), grant(a, 'reboot')])
    assert(first && second && third)
    assert(first.fence < second.fence && second.fence < third.fence)
    assert.deepEqual(await store.readLeases(), [first, second, third])
    assert.equal(await store.endLease(third), true)
    const fourth = await grant(a)
    assert(fourth && fourth.fence > third.fence)
    assert.deepEqual(await store.readLeases(), [second, fourth])
  })

  test('renews and ends just the lease that is meant', async (t) => {
    const store = await open(t)
    const [a, b = ''] = await enrolled(store, 'a', 'b')
    const old = await store.grantLease({ ...zookeeper, node: a, ...times })
    const held = await store.grantLease({ ...zookeeper, node: a, ...times })
    const other = await store.grantLease({ ...zookeeper, node: b, ...times })
    assert(old && held && other)
    await store.renewLeases([old, other], 200)
    assert.deepEqual(await store.readLeases(), [held, { ...other, expiresAt: 200 }])
    assert.equal(await store.endLease(old), false)
    assert.equal(await store.endLease(held), true)
    assert.equal(await store.endLease(held), false)
    assert.deepEqual(await store.readLeases(), [{ ...other, expiresAt: 200 }])
  })

  test('leaves an audit row of a lease that somebody took away, and none of one that was given back', async (t) => {
    const store = await open(t)
    const [a] = await enrolled(store, 'a')
    const given = await store.grantLease({ ...zookeeper, node: a, ...times })
    assert(given)
    const before = await store.findAudit({ limit: 100 })
    await store.endLease(given)
    assert.deepEqual(await store.findAudit({ limit: 100 }), before)
    const taken = await store.grantLease({ ...zookeeper, node: a, ...times })
    assert(taken)
    await store.endLease(taken, { by, action: 'release-lease' })
    const [row] = await store.findAudit({ limit: 1 })
    assert.deepEqual([row?.author, row?.at], ['ann', 1000])
    assert.deepEqual([row?.action, row?.subject, row?.cluster], ['release-lease', 'zookeeper of a', 'default'])
    assert.deepEqual([row?.before, row?.after], [taken, null])
  })

  test('frees the leases of a revoked node, and gives it none', async (t) => {
    const store = await open(t)
    const [a] = await enrolled(store, 'a')
    const lease = { ...zookeeper, node: a, ...times }
    await store.grantLease(lease)
    const [, late] = await Promise.all([store.revoke(a, by), store.grantLease(lease)])
    assert.equal(late, undefined)
    assert.deepEqual(await store.readLeases(), [])
  })
}
