import assert from 'node:assert/strict'
import { test } from 'node:test'
import { delayBefore } from '../../agent/link/connection.ts'
import { api } from '../../protocol/api.ts'
import { closeCodes } from '../../protocol/messages.ts'
import { connect, enrol } from '../helpers/fake-agent.ts'
import { serve } from '../helpers/test-server.ts'

test('a node that must be approved gets no catalog before, and is seen by nobody', async (t) => {
  const { client, place, joinToken } = await serve(t)
  const { keys } = await enrol(place, await joinToken({ roles: ['word'], approval: true }), 'web-1')
  const agent = await connect(place, keys)
  const { reason } = await agent.next('no-catalog')
  assert.match(reason, /waits to be approved: trivet node approve web-1/)
  const [waiting] = await client.list(api.listNodes, {})
  assert.equal(waiting?.state, 'pending')
  assert.equal((await client.call(api.approveNode, { node: 'web-1' })).waited, true)
  assert.equal((await client.call(api.approveNode, { node: 'web-1' })).waited, false)
  await agent.next('catalog')
})

test('a node is renamed while it is connected, and takes no name that is in use', async (t) => {
  const { client, place, joinToken } = await serve(t)
  const { keys } = await enrol(place, await joinToken({ uses: 2, roles: ['word'] }), 'web-1')
  const agent = await connect(place, keys)
  await agent.next('catalog')
  await enrol(place, await joinToken({}), 'web-2')
  await assert.rejects(client.call(api.renameNode, { node: 'web-1', to: 'web-2' }), { code: 'name-in-use' })
  const renamed = await client.call(api.renameNode, { node: 'web-1', to: 'front-1' })
  assert.deepEqual([renamed.name, renamed.connected, renamed.roles], ['front-1', true, ['word']])
  await assert.rejects(client.call(api.readNode, { node: 'web-1' }), { code: 'unknown-node' })
})

test('an archived node is cut off and takes no orders, until it is restored', async (t) => {
  const { client, place, joinToken } = await serve(t)
  const { keys } = await enrol(place, await joinToken({ roles: ['word'] }), 'web-1')
  const agent = await connect(place, keys)
  await agent.next('catalog')
  const archived = await client.call(api.archiveNode, { node: 'web-1' })
  assert.deepEqual([archived.state, archived.connected], ['archived', false])
  const { code } = await agent.closed
  assert.equal(code, closeCodes.archived)
  assert(delayBefore(20, code, () => 1) <= 60_000, 'it asks again within a minute of its restoring')
  assert.deepEqual(await client.list(api.listNodes, {}), [])
  assert.deepEqual(
    (await client.list(api.listArchivedNodes, {})).map(({ name }) => name),
    ['web-1'],
  )
  await assert.rejects(client.call(api.createOrder, { nodes: ['web-1'] }), { code: 'archived' })
  await assert.rejects(client.call(api.assignRoles, { node: 'web-1', roles: ['word'] }), { code: 'archived' })
  await client.call(api.restoreNode, { node: 'web-1' })
  await (await connect(place, keys)).next('catalog')
})
