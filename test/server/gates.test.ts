import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { api } from '../../protocol/api.ts'
import { digestOf } from '../../protocol/catalog.ts'
import { closeCodes } from '../../protocol/messages.ts'
import { connect, reportOf } from '../helpers/fake-agent.ts'
import { joinAll, member, report, serveQuorum, well } from '../helpers/quorum.ts'

const ill = { 'probe[quorum]': 'connection refused' }

/** A node that waits, and three members of whom the test says how they are; all but the last are connected. */
async function waiterAndMembers(served: Awaited<ReturnType<typeof serveQuorum>>) {
  const [waiterKey] = await joinAll(served, ['w1'], 'waiter')
  const keys = await joinAll(served, ['m1', 'm2', 'm3'])
  const [k1, k2, k3] = keys
  assert(waiterKey && k1 && k2 && k3)
  const [m1, m2] = [await connect(served.place, k1), await connect(served.place, k2)]
  for (const agent of [m1, m2]) await agent.next('catalog')
  const waiter = await connect(served.place, waiterKey)
  return { waiter, waiterKey, m1, m2, k3 }
}

test('a node hears which of its gates are closed before it hears of its catalog, and when they open', async (t) => {
  const served = await serveQuorum(t)
  const { waiter, waiterKey, m1, m2 } = await waiterAndMembers(served)
  await waiter.next('catalog')
  const [first] = waiter.inbox
  assert.equal(first?.type, 'gates', 'it came before the catalog')
  const { closed } = await waiter.next('gates')
  assert.deepEqual(closed, {
    quorum:
      '0 of 2 needed: m1 has not said how probe[quorum] is; m2 has not said how probe[quorum] is; m3 is not connected',
  })
  m1.send({ type: 'health', probes: well })
  m2.send({ type: 'health', probes: ill })
  m2.send({ type: 'health', probes: well })
  assert.deepEqual((await waiter.next('gates')).closed, {})
  m2.send({ type: 'health', probes: ill })
  assert.deepEqual((await waiter.next('gates')).closed, {
    quorum:
      '1 of 2 needed: probe[quorum] is well on m1; probe[quorum] on m2 is not well: connection refused; m3 is not connected',
  })
  m2.send({ type: 'health', probes: well })
  assert.deepEqual((await waiter.next('gates')).closed, {})
  const back = await connect(served.place, waiterKey)
  const quorum = digestOf({ role: 'quorum', probe: 'probe[quorum]', atLeast: 2 })
  const told = { type: 'gates', open: { quorum }, closed: {} }
  assert.deepEqual(await back.next('gates'), told, 'who connects hears also that all are open')
  m2.socket.close()
  assert.deepEqual(Object.keys((await back.next('gates')).closed), ['quorum'])
})

test('who has no gates hears of none', async (t) => {
  const served = await serveQuorum(t)
  const { m1, m2 } = await waiterAndMembers(served)
  m2.send({ type: 'health', probes: well })
  await served.client.list(api.listNodes, {})
  assert.deepEqual([...m1.inbox, ...m2.inbox], [])
})

test('a gate counts a node that is given the role, or joins, and none that was revoked', async (t) => {
  const served = await serveQuorum(t)
  const { waiter, m1, m2, k3 } = await waiterAndMembers(served)
  await waiter.next('gates')
  m1.send({ type: 'health', probes: well })
  const m3 = await member(served.place, k3)
  await m3.next('catalog')
  assert.deepEqual((await waiter.next('gates')).closed, {})
  await served.client.call(api.revokeNode, { node: 'm1' })
  assert.match((await waiter.next('gates')).closed['quorum'] ?? '', /^1 of 2 needed: probe\[quorum\] is well on m3; m2/)
  await served.client.call(api.unassignRoles, { node: 'm3', roles: ['quorum'] })
  m2.send({ type: 'health', probes: well })
  await served.client.call(api.assignRoles, { node: 'm3', roles: ['quorum'] })
  assert.deepEqual((await waiter.next('gates')).closed, {})
})

test('a node that waited at a gate is pending, with why it is closed now, until a later run came by', async (t) => {
  const served = await serveQuorum(t)
  const { waiter, m1, m2 } = await waiterAndMembers(served)
  const now = async () => {
    const { state, reason } = await served.client.call(api.readNode, { node: 'w1' })
    return { state, reason }
  }
  await waiter.next('catalog')
  const waits = { 'gate[quorum]': '0 of 2 needed' } as const
  await report(waiter, reportOf(randomUUID(), { outcome: 'changed', waits }))
  m1.send({ type: 'health', probes: well })
  m2.send({ type: 'health', probes: ill })
  for (const until = Date.now() + 5000; !/m2 is not well/.test((await now()).reason ?? '');)
    assert(Date.now() < until, 'no live reason within 5 s')
  assert.deepEqual(await now(), {
    state: 'pending',
    reason:
      'gate[quorum]: 1 of 2 needed: probe[quorum] is well on m1; probe[quorum] on m2 is not well: connection refused; m3 is not connected',
  })
  const [listed] = (await served.client.list(api.listNodes, { role: 'waiter' })).map(({ state }) => state)
  assert.equal(listed, 'pending')
  m2.send({ type: 'health', probes: well })
  while (Object.keys((await waiter.next('gates')).closed).length > 0);
  assert.deepEqual(await now(), { state: 'pending', reason: 'gate[quorum]: it is open by now, and the node goes on' })
  await report(waiter, reportOf(randomUUID(), { outcome: 'failed', waits }))
  assert.equal((await now()).state, 'failed')
  await report(waiter, reportOf(randomUUID(), { outcome: 'changed' }))
  assert.deepEqual(await now(), { state: 'changed', reason: null })
  const [run] = await served.client.list(api.listRuns, { node: 'w1', outcome: 'failed' })
  assert.deepEqual(run?.waits, waits)
})

test('health that is too much closes the connection, and what is said too often is told to the others less often', async (t) => {
  const served = await serveQuorum(t)
  const { waiter, m1, m2 } = await waiterAndMembers(served)
  await waiter.next('gates')
  m1.send({ type: 'health', probes: well })
  for (let i = 0; i < 500; i++) m2.send({ type: 'health', probes: i % 2 === 0 ? well : ill })
  m2.send({ type: 'health', probes: well })
  m2.send({ type: 'leases', wanted: [{ group: 'quorum', action: 'restart service[quorum]' }] })
  await m2.next('lease')
  let closed = Object.keys((await waiter.next('gates')).closed)
  while (closed.length > 0) closed = Object.keys((await waiter.next('gates')).closed)
  assert(waiter.inbox.filter(({ type }) => type === 'gates').length < 50)

  const many = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`probe[${i}]` as const, null]))
  m1.send({ type: 'health', probes: many })
  assert.equal((await m1.closed).code, closeCodes.badMessage)
  m2.send({ type: 'health', probes: { 'probe[quorum]': 'x'.repeat(2001) } })
  assert.equal((await m2.closed).code, closeCodes.badMessage)
})
