import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { api } from '../../../protocol/api.ts'
import { digestOf } from '../../../protocol/catalog.ts'
import { reportOf } from '../../helpers/fake-agent.ts'
import { joinAll, member, report, serveQuorum, wanted, well } from '../../helpers/quorum.ts'
import type { Served } from '../../helpers/test-server.ts'

/** So many members that are connected and well, called m1 and so on. */
async function members(served: Served, count: number) {
  const keys = await joinAll(
    served,
    Array.from({ length: count }, (_, i) => `m${i + 1}`),
  )
  const agents = await Promise.all(keys.map((one) => member(served.place, one)))
  const catalogs = await Promise.all(agents.map(async ({ next }) => (await next('catalog')).catalog))
  const states = async () =>
    (await served.client.list(api.listLeases, {})).map(({ node, state, reason }) => ({ node, state, reason }))
  return { keys, agents, catalogs, states }
}

type Agent = Awaited<ReturnType<typeof members>>['agents'][number]

/** The members of a group of three, by name. */
async function three(served: Served) {
  const { agents, ...rest } = await members(served, 3)
  const [m1, m2, m3] = agents
  assert(m1 && m2 && m3)
  return { m1, m2, m3, ...rest }
}

/** The server has seen that the node went. */
async function isAway({ client }: Served, node: string) {
  for (const until = Date.now() + 5000; (await client.call(api.readNode, { node })).connected;)
    assert(Date.now() < until, `${node} is connected still, after 5 s`)
}

async function whyNot(agent: Agent) {
  return (await agent.next('no-lease')).reason
}

test('of two that ask at once one gets the lease, and the other when that is given back', async (t) => {
  const served = await serveQuorum(t)
  const { m1, m2, states } = await three(served)
  m1.want(wanted)
  const first = await m1.next('lease')
  m2.want(wanted)
  assert.match(await whyNot(m2), /^node m1 holds it since 20/)
  assert.deepEqual(
    (await states()).map(({ node, state }) => [node, state]),
    [
      ['m1', 'held'],
      ['m2', 'waiting'],
    ],
  )
  m1.send({ type: 'lease-over', group: 'quorum', fence: first.fence + 1 })
  m1.send({ type: 'lease-over', group: 'quorum', fence: first.fence })
  const second = await m2.next('lease')
  assert(second.fence > first.fence)
  assert.deepEqual((await served.client.list(api.listLeases, { group: 'quorum' }))[0]?.fence, second.fence)
  assert.deepEqual(m1.inbox, [])
})

test('many that ask in the same moment get it one after the other', async (t) => {
  const served = await serveQuorum(t)
  const { agents } = await members(served, 6)
  for (const agent of agents) agent.want(wanted)
  const { client } = served
  const fences: number[] = []
  const act = async (agent: Agent) => {
    const { fence } = await agent.next('lease')
    fences.push(fence)
    const held = (await client.list(api.listLeases, {})).filter(({ state }) => state === 'held')
    assert.deepEqual(
      held.map((lease) => lease.fence),
      [fence],
    )
    agent.send({ type: 'lease-over', group: 'quorum', fence })
  }
  await Promise.all(agents.map(act))
  assert.deepEqual(fences, [1, 2, 3, 4, 5, 6])
})

test('nobody acts while another member is away, has said nothing or is not well', async (t) => {
  const served = await serveQuorum(t)
  const { m1, m2, m3, keys } = await three(served)
  m2.send({ type: 'health', probes: { 'probe[quorum]': 'connection refused\n by  127.0.0.1:2181' } })
  m1.want(wanted)
  let reason = await whyNot(m1)
  while (/m3/.test(reason)) reason = await whyNot(m1)
  assert.equal(reason, 'probe[quorum] on m2 is not well: connection refused by 127.0.0.1:2181')
  m3.socket.close()
  while (!/m3 is not connected/.test(reason)) reason = await whyNot(m1)
  m2.send({ type: 'health', probes: well })
  assert.equal(await whyNot(m1), 'm3 is not connected')
  const [, , key] = keys
  assert(key)
  await member(served.place, key)
  const { fence } = await m1.next('lease')
  assert.equal(fence, 1)
})

test('a node that asks again has the lease that it holds, and hears each time that it asks what keeps it', async (t) => {
  const served = await serveQuorum(t)
  const { m1, m2 } = await three(served)
  m1.want(wanted)
  const { fence } = await m1.next('lease')
  m1.want(wanted)
  assert.equal((await m1.next('lease')).fence, fence)
  for (let i = 0; i < 2; i++) {
    m2.want(wanted)
    assert.match(await whyNot(m2), /m1 holds it/)
  }
  m2.want({ group: 'nowhere', action: 'restart service[x]' })
  assert.equal(await whyNot(m2), 'the catalog of node m2 has no lease of group nowhere')
  m1.send({ type: 'lease-over', group: 'quorum', fence })
  await served.client.call(api.readNode, { node: 'm1' })
  assert.deepEqual(m2.inbox, [], 'a node gets no lease that it wants no more')
})

test('a lease lasts over a restart of the server, is known by the same number, and the next has a higher one', async (t) => {
  const served = await serveQuorum(t)
  const { m1, keys } = await three(served)
  m1.want(wanted)
  const { fence } = await m1.next('lease')
  await served.restart()
  const [a, b, c] = await Promise.all(keys.map((one) => member(served.place, one)))
  assert(a && b && c)
  b.want(wanted)
  while (!/m1 holds it/.test(await whyNot(b)));
  a.want(wanted)
  assert.equal((await a.next('lease')).fence, fence)
  a.send({ type: 'lease-over', group: 'quorum', fence })
  assert((await b.next('lease')).fence > fence)
})

test('a node that was killed before it gave its lease back hears that it holds it', async (t) => {
  const served = await serveQuorum(t)
  const { m1, m2, keys } = await three(served)
  m1.want(wanted)
  const { fence } = await m1.next('lease')
  m2.want(wanted)
  await m2.next('no-lease')
  m1.socket.close()
  const [key] = keys
  assert(key)
  const back = await member(served.place, key)
  back.want()
  assert.equal((await back.next('lease')).fence, fence)
  back.send({ type: 'lease-over', group: 'quorum', fence })
  await m2.next('lease')
})

test('the lease of a node that is away is dropped when its time is over, with an audit row', async (t) => {
  let ahead = 0
  const served = await serveQuorum(t, { clock: () => Date.now() + ahead })
  const { m1, m2, states, keys } = await three(served)
  m1.want(wanted)
  const { expiresAt } = await m1.next('lease')
  assert(Math.abs(expiresAt - Date.now() - 300_000) < 10_000)
  m1.socket.close()
  await isAway(served, 'm1')
  ahead = 4 * 60_000
  m2.want(wanted)
  assert.match(await whyNot(m2), /m1 holds it/)
  ahead = 6 * 60_000
  m2.want(wanted)
  assert.equal(await whyNot(m2), 'm1 is not connected')
  assert.deepEqual(await states(), [{ node: 'm2', state: 'waiting', reason: 'm1 is not connected' }])
  const [row] = await served.client.list(api.listAudit, {}, 1)
  assert.deepEqual([row?.action, row?.author, row?.subject], ['expire-lease', 'server', 'quorum of m1'])
  const [key] = keys
  assert(key)
  await member(served.place, key)
  await m2.next('lease')
})

test('the lease of a node that is connected is renewed, and it hears until when', async (t) => {
  let ahead = 0
  const served = await serveQuorum(t, { clock: () => Date.now() + ahead })
  const { m1, m2 } = await three(served)
  m1.want(wanted)
  const { fence, expiresAt } = await m1.next('lease')
  ahead = 6 * 60_000
  m2.want(wanted)
  assert.match(await whyNot(m2), /m1 holds it/)
  const renewed = await m1.next('lease')
  assert.equal(renewed.fence, fence)
  assert(renewed.expiresAt >= expiresAt + 5 * 60_000)
})

test('the leader goes last: when the others have converged, owe nothing and do not ask', async (t) => {
  const served = await serveQuorum(t)
  const { m1, m2, m3, catalogs } = await three(served)
  const [, ...digests] = catalogs.map((catalog) => digestOf(catalog))
  const run = randomUUID()
  const converged = (index: number, more = {}, id: string = randomUUID()) =>
    reportOf(id, { catalog: digests[index] ?? null, outcome: 'changed', ...more })
  m1.want({ ...wanted, last: true })
  assert.equal(await whyNot(m1), 'it goes last, and node m2 has yet to converge; node m3 has yet to converge')
  await report(m2, converged(0))
  assert.equal(await whyNot(m1), 'it goes last, and node m3 has yet to converge')
  m3.send({ type: 'started', run, orders: [], mode: 'converge', resources: 1 })
  m3.want(wanted)
  const { fence } = await m3.next('lease')
  await report(m3, converged(1, { owed: ['restart service[quorum]'] }, run))
  m3.send({ type: 'lease-over', group: 'quorum', fence })
  const why = async (text: RegExp) => {
    while (!text.test(await whyNot(m1)));
  }
  await why(/m3 still owes restart service\[quorum\]/)
  await report(m3, converged(1))
  assert((await m1.next('lease')).fence > fence)
})

test('a member that is disabled keeps no leader waiting, and gets no lease itself', async (t) => {
  const served = await serveQuorum(t)
  const { m1, m2, m3, catalogs } = await three(served)
  await report(m2, reportOf(randomUUID(), { catalog: digestOf(catalogs[1]) }))
  m1.want({ ...wanted, last: true })
  m3.want(wanted)
  const { fence } = await m3.next('lease')
  m3.send({ type: 'lease-over', group: 'quorum', fence })
  await served.client.call(api.disableNodes, { nodes: ['m3'], reason: 'a broken disk' })
  await m1.next('lease')
  m3.want(wanted)
  while (!/m3 is disabled or audited/.test(await whyNot(m3)));
})

test('a part of the group goes at a time where the rule says so', async (t) => {
  const served = await serveQuorum(t)
  const { agents } = await members(served, 5)
  const set = { scope: 'clusters', name: 'default', key: 'quorum.max', value: '40%' } as const
  await served.client.call(api.setAttribute, set)
  for (const agent of agents) await agent.next('catalog')
  for (const agent of agents) agent.want(wanted)
  const held = async () => (await served.client.list(api.listLeases, {})).filter(({ state }) => state === 'held').length
  for (const until = Date.now() + 5000; (await held()) < 2;) assert(Date.now() < until, 'no two leases within 5 s')
  assert.equal(await held(), 2)
  const [waiting] = (await served.client.list(api.listLeases, {})).filter(({ state }) => state === 'waiting')
  assert.match(waiting?.reason ?? '', /^at most 2 at a time: node m\d holds it/)
})

test('an operator takes a lease away, which the audit keeps, and the next one is served before who lost it', async (t) => {
  const served = await serveQuorum(t)
  const { m1, m2 } = await three(served)
  m1.want(wanted)
  const { fence } = await m1.next('lease')
  m2.want(wanted)
  await m2.next('no-lease')
  const { client } = served
  await assert.rejects(client.call(api.releaseLease, { group: 'quorun', node: 'm1' }), /Did you mean quorum\?/)
  await assert.rejects(
    client.call(api.releaseLease, { group: 'quorum', node: 'm2' }),
    /m2 holds no lease of group quorum/,
  )
  assert.deepEqual(await client.call(api.releaseLease, { group: 'quorum', node: 'm1' }), {
    group: 'quorum',
    node: 'm1',
    fence,
  })
  assert((await m2.next('lease')).fence > fence)
  assert.match(await whyNot(m1), /m2 holds it/)
  const [row] = await client.list(api.listAudit, {}, 1)
  assert.deepEqual([row?.action, row?.author, row?.subject], ['release-lease', 'admin', 'quorum of m1'])
})

test('a revoked node holds nothing any more, and is no member', async (t) => {
  const served = await serveQuorum(t)
  const { m1, m2 } = await three(served)
  m1.want(wanted)
  await m1.next('lease')
  m2.want(wanted)
  await m2.next('no-lease')
  await served.client.call(api.revokeNode, { node: 'm1' })
  await m2.next('lease')
})

test('a node shows its leases and how its probes are', async (t) => {
  const served = await serveQuorum(t)
  const { m1, m2 } = await three(served)
  m1.want(wanted)
  await m1.next('lease')
  m1.send({ type: 'health', probes: { 'probe[quorum]': 'it starts' } })
  m2.want(wanted)
  await m2.next('no-lease')
  const { client } = served
  const [one, two] = [await client.call(api.readNode, { node: 'm1' }), await client.call(api.readNode, { node: 'm2' })]
  assert.deepEqual(one.probes, { 'probe[quorum]': 'it starts' })
  assert.deepEqual(
    one.leases.map(({ state, reason }) => [state, reason]),
    [['held', 'probe[quorum] on m1 is not well: it starts']],
  )
  assert.deepEqual(
    two.leases.map(({ state, action }) => [state, action]),
    [['waiting', 'restart service[quorum]']],
  )
})
