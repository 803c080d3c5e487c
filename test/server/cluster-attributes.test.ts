import assert from 'node:assert/strict'
import { test } from 'node:test'
import { api } from '../../protocol/api.ts'
import { enrol } from '../helpers/fake-agent.ts'
import { serve } from '../helpers/test-server.ts'

test('what a cluster needs can be set before its first node', async (t) => {
  const { client, place, joinToken } = await serve(t)
  const asked = { scope: 'clusters', name: 'blue', key: 'word.word' } as const
  assert.deepEqual(await client.call(api.setAttribute, { ...asked, value: 'x' }), { nodes: [], revision: 1 })
  await enrol(place, await joinToken({ roles: ['word'], cluster: 'blue' }), 'b1')
  assert.equal((await client.call(api.explain, { node: 'b1', key: 'word.word' })).value, 'x')
})
