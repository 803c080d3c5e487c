import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { api } from '../../protocol/api.ts'
import { startServer } from '../../server/server.ts'
import { connect, enrol, factsOf } from '../helpers/fake-agent.ts'
import { serve } from '../helpers/test-server.ts'

test('a server restored from a backup in an empty folder is known to its operators and nodes, and has what was set', async (t) => {
  const served = await serve(t)
  const { client, place, options, dir, url } = served
  const { keys, id } = await enrol(place, await served.joinToken({ roles: ['word'] }), 'n1')
  const facts = factsOf('n1')
  const before = await connect(place, keys, { facts })
  const { catalog } = await before.next('catalog')
  await client.call(api.setAttribute, { scope: 'nodes', name: 'n1', key: 'word.word', value: 'saved' })

  const parts: Buffer[] = []
  for await (const part of client.download(api.backup, {})) parts.push(part)
  await client.call(api.setAttribute, { scope: 'nodes', name: 'n1', key: 'word.word', value: 'too late' })
  await served.close()
  const data = join(dir, 'restored')
  await mkdir(data, { mode: 0o700 })
  await writeFile(join(data, 'trivet.db'), Buffer.concat(parts))
  const restored = await startServer({ ...options, data, port: Number(new URL(url).port) })
  t.after(() => restored.close())

  assert.equal(restored.adminInvitation, undefined, 'those who were admins still are')
  const after = await connect(place, keys, { facts })
  assert.equal(after.welcome.sendFacts, false)
  assert.notDeepEqual((await after.next('catalog')).catalog, catalog)
  const node = await client.call(api.readNode, { node: 'n1' })
  assert.deepEqual([node.id, node.attributes], [id, { 'word.word': 'saved' }])
})
