import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { api } from '../../../protocol/api.ts'
import { connect, enrol, reportOf } from '../../helpers/fake-agent.ts'
import { type Served, serve } from '../../helpers/test-server.ts'

async function join({ place, joinToken }: Served, name: string) {
  const { keys } = await enrol(place, await joinToken({ roles: ['word'] }), name)
  const agent = await connect(place, keys)
  await agent.next('catalog')
  return agent
}

test('the same order under one key is one order, over a restart of the server too', async (t) => {
  const served = await serve(t)
  const agent = await join(served, 'n1')
  const asked = { nodes: ['n1'], idempotencyKey: 'deploy-7' }
  const give = () => served.client.call(api.createOrder, asked)
  const [{ id }, ...others] = await Promise.all([give(), give(), give()])
  assert.deepEqual(
    others.map((order) => order.id),
    [id, id],
  )
  await agent.next('order')
  await served.client.call(api.cancelOrder, { id })
  await served.restart()
  const again = await give()
  assert.deepEqual([again.id, again.targets[0]?.state], [id, 'cancelled'])
  assert.equal((await served.client.list(api.listOrders, {})).length, 1)
  const other = { ...asked, mode: 'plan' as const }
  await assert.rejects(served.client.call(api.createOrder, other), { code: 'key-reused', details: { order: id } })
  await assert.rejects(served.client.call(api.orderAgain, { id, idempotencyKey: 'deploy-7' }), { code: 'key-reused' })
  assert.notEqual((await served.client.call(api.createOrder, { ...asked, idempotencyKey: 'deploy-8' })).id, id)
  assert.notEqual((await served.client.call(api.createOrder, { nodes: ['n1'] })).id, id)
})

test('a key that an order was refused under is free', async (t) => {
  const served = await serve(t)
  const asked = { all: true, idempotencyKey: 'first' } as const
  await assert.rejects(served.client.call(api.createOrder, asked), { code: 'no-nodes' })
  await join(served, 'n1')
  assert.equal((await served.client.call(api.createOrder, asked)).targets.length, 1)
})

test('an order again is for those that did not succeed, with the same mode and time', async (t) => {
  const served = await serve(t)
  const { client } = served
  const [good, bad] = [await join(served, 'good'), await join(served, 'bad')]
  await join(served, 'gone')
  const first = await client.call(api.createOrder, { all: true, mode: 'plan', deadlineMs: 60_000 })
  await assert.rejects(client.call(api.orderAgain, { id: first.id }), { code: 'nothing-again' })
  const report = reportOf(randomUUID(), { orders: [first.id], mode: 'plan' })
  good.send({ type: 'report', report, clock: Date.now() })
  await good.next('stored')
  await client.call(api.cancelOrder, { id: first.id })
  await client.call(api.revokeNode, { node: 'gone' })
  const again = await client.call(api.orderAgain, { id: first.id, idempotencyKey: 'k' })
  assert.deepEqual([again.mode, again.again, again.deadline - again.createdAt], ['plan', first.id, 60_000])
  assert.deepEqual(
    again.targets.map(({ node }) => node),
    ['bad'],
  )
  assert.equal((await client.call(api.orderAgain, { id: first.id, idempotencyKey: 'k' })).id, again.id)
  await bad.next('order')
  assert.equal((await bad.next('order')).id, again.id)
  await assert.rejects(client.call(api.orderAgain, { id: 'nowhere' }), { code: 'unknown-order' })
})
