import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { makeClient } from '../../cli/api-client.ts'
import { api } from '../../protocol/api.ts'
import { fetchCa } from '../../protocol/pin.ts'
import { formatToken, parseInvitation } from '../../protocol/token.ts'
import { startServer } from '../../server/server.ts'
import { tempDir } from '../helpers/converges.ts'

const exec = promisify(execFile)

async function place(t: TestContext) {
  const dir = await tempDir(t)
  const folders = { data: join(dir, 'data'), recipes: join(dir, 'etc/recipes'), roles: join(dir, 'etc/roles') }
  const flags = Object.entries(folders).flatMap(([name, folder]) => [`--${name}`, folder])
  const init = (...more: string[]) => exec('bin/trivet', ['server', 'init', ...flags, ...more])
  const serve = async () => {
    const log = { level: 'silent', to: process.stderr }
    const server = await startServer({ ...folders, host: '127.0.0.1', port: 0, intervalMs: 1e6, version: '0', log })
    t.after(() => server.close())
    return server
  }
  return { ...folders, init, serve }
}

test('init makes what the first start would, so that a server starts without telling a token', async (t) => {
  const { data, init, serve } = await place(t)
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

test('again, also while a server runs, it tells no token and leaves what was edited', async (t) => {
  const { recipes, init, serve } = await place(t)
  await init('--example')
  const recipe = join(recipes, 'hello/hello.ts')
  writeFileSync(recipe, '// mine\n')
  for (const prepare of [() => undefined, serve]) {
    await prepare()
    const { stdout, stderr } = await init('--example')
    assert.equal(stdout, '')
    assert.match(stderr, /is set up already/)
  }
  assert.equal(readFileSync(recipe, 'utf8'), '// mine\n')
})

test('the unit serves the usual folders alone, and init says so before it makes anything', async (t) => {
  const { data, init } = await place(t)
  await assert.rejects(init('--systemd'), { code: 2, stderr: /which has \/var\/lib\/trivet: leave out --data/ })
  assert.equal(statSync(data, { throwIfNoEntry: false }), undefined)
})
