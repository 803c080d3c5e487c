import assert from 'node:assert/strict'
import { test } from 'node:test'
import { api } from '../../protocol/api.ts'
import { connect, enrol } from '../helpers/fake-agent.ts'
import { type Served, serve } from '../helpers/test-server.ts'

async function join({ place, joinToken }: Served, name: string) {
  const { keys } = await enrol(place, await joinToken({ roles: ['word'] }), name)
  const agent = await connect(place, keys)
  const { catalog } = await agent.next('catalog')
  assert.deepEqual([catalog.disabled, catalog.audit], [undefined, undefined])
  return agent
}

async function nodeOf({ client }: Served, node: string) {
  const { audit, disabled, state } = await client.call(api.readNode, { node })
  return { audit, disabled, state }
}

test('a disabled node is told at once by whom and why, and enabled again when somebody says so', async (t) => {
  const served = await serve(t)
  const [agent, other] = [await join(served, 'n1'), await join(served, 'n2')]
  const summaries = await served.client.call(api.disableNodes, { nodes: ['n1', 'n1'], reason: 'a broken disk' })
  assert.deepEqual(
    summaries.map(({ name }) => name),
    ['n1'],
  )
  assert.deepEqual((await agent.next('catalog')).catalog.disabled, { reason: 'a broken disk', by: 'admin' })
  const { disabled } = await nodeOf(served, 'n1')
  assert.deepEqual([disabled?.reason, disabled?.by], ['a broken disk', 'admin'])

  await served.client.call(api.enableNodes, { nodes: ['n1', 'n2'] })
  assert.equal((await agent.next('catalog')).catalog.disabled, undefined)
  assert.deepEqual(await nodeOf(served, 'n1'), { audit: undefined, disabled: undefined, state: 'new' })
  assert.deepEqual(other.inbox, [])
})

test('a node that is audited is told so, until it is enforced', async (t) => {
  const served = await serve(t)
  const agent = await join(served, 'n1')
  await served.client.call(api.auditNodes, { nodes: ['n1'], reason: 'new here' })
  assert.equal((await agent.next('catalog')).catalog.audit, true)
  assert.equal((await nodeOf(served, 'n1')).audit?.reason, 'new here')
  await served.client.call(api.enforceNodes, { nodes: ['n1'] })
  assert.equal((await agent.next('catalog')).catalog.audit, undefined)
})

test('a node is enabled by the clock, also over a restart of the server', async (t) => {
  const served = await serve(t)
  const { keys } = await enrol(served.place, await served.joinToken({ roles: ['word'] }), 'n1')
  const until = Date.now() + 4000
  await served.client.call(api.disableNodes, { nodes: ['n1'], reason: 'lunch', until })
  await served.restart()
  const agent = await connect(served.place, keys)
  assert.deepEqual((await agent.next('catalog')).catalog.disabled, { reason: 'lunch', by: 'admin', until })
  assert.equal((await nodeOf(served, 'n1')).disabled?.until, until)
  assert.equal((await agent.next('catalog')).catalog.disabled, undefined)
  assert(Date.now() >= until)
  assert.equal((await nodeOf(served, 'n1')).disabled, undefined)
})

test('a far end is waited for, and a nearer one is not forgotten for it', async (t) => {
  const served = await serve(t)
  const [far, near] = [await join(served, 'n1'), await join(served, 'n2')]
  const now = Date.now()
  const year = now + 365 * 24 * 3_600_000
  await served.client.call(api.disableNodes, { nodes: ['n1'], reason: 'retired', until: year })
  await served.client.call(api.disableNodes, { nodes: ['n2'], reason: 'lunch', until: now + 1000 })
  assert.equal((await far.next('catalog')).catalog.disabled?.until, year)
  assert.equal((await near.next('catalog')).catalog.disabled?.reason, 'lunch')
  assert.equal((await near.next('catalog')).catalog.disabled, undefined)
  assert.equal((await nodeOf(served, 'n1')).disabled?.until, year)
  assert.deepEqual(far.inbox, [])
})

test('of several nodes all are treated, or none where one is not there', async (t) => {
  const served = await serve(t)
  await join(served, 'n1')
  const { client } = served
  await assert.rejects(client.call(api.disableNodes, { nodes: ['n1', 'n2'], reason: 'x' }), /There is no node n2/)
  assert.equal((await nodeOf(served, 'n1')).disabled, undefined)
  await assert.rejects(client.call(api.disableNodes, { nodes: ['n1'], reason: ' ' }), /reason: say why/)
  await assert.rejects(client.call(api.disableNodes, { nodes: ['n1'], reason: 'x', until: 1000 }), /is over already/)
})

test('a disabled node refuses to converge, with the reason, and still plans', async (t) => {
  const served = await serve(t)
  const agent = await join(served, 'n1')
  const { client } = served
  await client.call(api.disableNodes, { nodes: ['n1'], reason: 'a broken disk' })
  const refused = await client.call(api.createOrder, { nodes: ['n1'] })
  assert.deepEqual(
    refused.targets.map(({ state, reason }) => ({ state, reason })),
    [{ state: 'refused', reason: 'this node is disabled by admin: a broken disk' }],
  )
  const planned = await client.call(api.createOrder, { nodes: ['n1'], mode: 'plan' })
  assert.equal((await agent.next('order')).id, planned.id)
})
