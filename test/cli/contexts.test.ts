import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { serveApi } from '../helpers/api-server.ts'
import { tempDir } from '../helpers/converges.ts'
import { trivet } from '../helpers/trivet.ts'

const who = { name: 'ann', access: 'admin', version: '0.1.0', revision: 'abcdef0123456789' }

test('a login for each server; the one in use is chosen, or named for one command', async (t) => {
  const [near, far] = await Promise.all([
    serveApi(t, { 'GET /api/whoami': who }),
    serveApi(t, { 'GET /api/whoami': { ...who, name: 'bob' } }),
  ])
  const home = await tempDir(t)
  const said = async (...args: string[]) => (await trivet(args, { home })).stdout.split(' ')[0]
  await trivet(['login', `${near.login.token}@${near.url}`], { home })
  const refused = await trivet(['login', `${far.login.token}@${far.url}`], { home })
  assert.equal(refused.exitCode, 1)
  assert.match(refused.stderr, /you are logged in to https:.* To keep that too: trivet login TOKEN@URL --context NAME/)
  const { stderr } = await trivet(['--context', 'far', 'login', `${far.login.token}@${far.url}`], { home })
  assert.match(stderr, /as bob \(admin\)\. From now on trivet talks to it \(far\)\.\n$/)

  assert.equal(await said('whoami'), 'bob')
  assert.equal(await said('--context', 'default', 'whoami'), 'ann')
  assert.equal(await said('whoami', '--context=default'), 'ann')
  assert.match((await trivet(['context', 'list'], { home })).stdout, /^default +https:.*\nfar +https:.* +← current$/m)
  assert.match(
    (await trivet(['context', 'use', 'defalt'], { home })).stderr,
    /There is no context defalt\. Did you mean default\?/,
  )
  assert.equal((await trivet(['context', 'use', 'default'], { home })).exitCode, 0)
  assert.equal(await said('whoami'), 'ann')
  assert.equal((await trivet(['names', 'context'], { home })).stdout, 'default\nfar\n')
  assert.equal((await trivet(['context', 'ca'], { home })).stdout.trim(), near.login.ca.trim())
  assert.equal((await trivet(['context', 'ca', '--context', 'far'], { home })).stdout.trim(), far.login.ca.trim())
  assert.equal((await trivet(['context', 'delete', 'far'], { home })).exitCode, 0)
  assert.match((await trivet(['whoami', '--context', 'far'], { home })).stderr, /There is no context far/)
})

test('a file with one login, as it was kept before, is the context default', async (t) => {
  const { login } = await serveApi(t, { 'GET /api/whoami': who })
  const home = await tempDir(t)
  const { loginPath } = await trivet(['context', 'list'], { home, login })
  await writeFile(loginPath, JSON.stringify(login))
  assert.match((await trivet(['whoami'], { home })).stdout, /^ann/)
  assert.match((await trivet(['context', 'list'], { home })).stdout, /^default .*← current$/m)
})

test('--context after -- is a word of the command', async (t) => {
  const { stderr } = await trivet(['node', 'show', '--', '--context'], { home: await tempDir(t) })
  assert.match(stderr, /NODE: lower-case/)
})

test('a folder where the logins are kept is told in a line, and nothing is written over it', async (t) => {
  const { login } = await serveApi(t, { 'GET /api/whoami': who })
  const home = await tempDir(t)
  const { loginPath } = await trivet(['context', 'list'], { home })
  await mkdir(loginPath, { recursive: true })
  for (const words of [['whoami'], ['context', 'list'], ['login', `${login.token}@${login.url}`]]) {
    const { exitCode, stderr } = await trivet(words, { home })
    assert.deepEqual([exitCode, stderr], [1, `trivet: Cannot read ${loginPath}: it is a folder.\n`])
  }
})
