import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeClient } from '../../cli/api-client.ts'
import { api } from '../../protocol/api.ts'
import { fetchCa } from '../../protocol/pin.ts'
import { formatToken, parseInvitation } from '../../protocol/token.ts'
import { placeForServer } from '../helpers/server-init.ts'

test('init makes what the first start would, so that a server starts without telling a token', async (t) => {
  const { data, init, serve } = await placeForServer(t)
  const { stdout, stderr } = await init('--example', '--url', 'https://trivet.example.org:443/')
  const invitation = parseInvitation(stdout.trim().replace('trivet login ', ''))
  assert.equal(invitation?.url, 'https://trivet.example.org')
  assert.match(stderr, /hello\.ts\n[^]*Next:\n {2}trivet server --data/)
  assert.equal(statSync(data).mode & 0o777, 0o700)
  assert.equal(statSync(join(data, 'trivet.db')).mode & 0o777, 0o600)

  const server = await serve()
  assert.equal(server.adminInvitation, undefined)
  const { token } = invitation
  const ca = await fetchCa(server.url, token.ca)
  const client = makeClient({ url: server.url, ca, token: formatToken(token) })
  const { name, sourceErrors } = await client.call(api.whoami, {})
  assert.deepEqual({ name, sourceErrors }, { name: 'admin', sourceErrors: [] })
})

test('the unit serves the usual folders alone, and init says so before it makes anything', async (t) => {
  const { data, init } = await placeForServer(t)
  await assert.rejects(init('--systemd'), { code: 2, stderr: /which has \/var\/lib\/trivet: leave out --data/ })
  assert.equal(statSync(data, { throwIfNoEntry: false }), undefined)
})
