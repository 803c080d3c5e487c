import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { serveApi } from '../helpers/api-server.ts'
import { tempDir } from '../helpers/converges.ts'
import { makeAuthority } from '../helpers/authority.ts'
import { changedFile, failedService, nodeOf, runOf } from '../helpers/records.ts'
import { trivet } from '../helpers/trivet.ts'

const who = { name: 'ann', access: 'admin', version: '0.1.0', revision: 'abcdef0123456789' }
const now = runOf({}).finishedAt + 180_000

test('login pins the CA, asks who it is, and keeps what only the owner may read', async (t) => {
  const home = await tempDir(t)
  const { url, login, asked } = await serveApi(t, { 'GET /api/whoami': who })

  const { exitCode, stderr, loginPath } = await trivet(['login', `${login.token}@${url}`], { home })

  assert.equal(stderr, `Logged in to ${url} as ann (admin).\n`)
  assert.equal(exitCode, 0)
  assert.equal((await stat(loginPath)).mode & 0o777, 0o600)
  const kept = { current: 'default', contexts: { default: { ...login, ca: login.ca.trim() + '\n' } } }
  assert.deepEqual(JSON.parse(await readFile(loginPath, 'utf8')), kept)
  assert.equal((await trivet(['whoami'], { home })).stdout, 'ann (admin); server 0.1.0, revision abcdef012345\n')
  assert.deepEqual(
    asked.map(({ bearer }) => bearer),
    [`Bearer ${login.token}`, `Bearer ${login.token}`],
  )
})

test('login - reads the line from stdin, as the server prints it too', async (t) => {
  const { url, login } = await serveApi(t, { 'GET /api/whoami': who })
  for (const line of [`${login.token}@${url}\n`, `trivet login ${login.token}@${url}\n`]) {
    const given = { home: await tempDir(t), input: line }
    assert.equal((await trivet(['login', '-'], given)).exitCode, 0, line)
  }
})

test('login sends nothing to a server that the token does not name, and keeps nothing', async (t) => {
  const home = await tempDir(t)
  const { url, login, asked } = await serveApi(t, { 'GET /api/whoami': who })
  const { sha256 } = await makeAuthority()
  const foreign = login.token.replace(/[^.]+$/, sha256)

  const { exitCode, stderr, loginPath } = await trivet(['login', `${foreign}@${url}`], { home })

  assert.match(stderr, /is not the server that the token was made by/)
  assert.deepEqual([exitCode, asked], [1, []])
  await assert.rejects(stat(loginPath), { code: 'ENOENT' })
})

test('login says in one line that it cannot keep the login', async (t) => {
  const home = await tempDir(t)
  const { url, login } = await serveApi(t, { 'GET /api/whoami': who })
  await writeFile(join(home, 'trivet'), 'in the way')

  const { exitCode, stderr } = await trivet(['login', `${login.token}@${url}`], { home })

  assert.match(stderr, /^trivet: Cannot write .*config\.json: a file lies where a folder should be\.\n$/)
  assert.equal(exitCode, 1)
})

test('login says what it wants when it gets something else', async (t) => {
  const { exitCode, stderr } = await trivet(['login', 'hunter2'], { home: await tempDir(t) })
  assert.match(stderr, /That is not TOKEN@URL/)
  assert.equal(exitCode, 2)
})

test('without a login, or with a damaged one, it says how to log in', async (t) => {
  const home = await tempDir(t)
  const without = await trivet(['node', 'list'], { home })
  assert.match(without.stderr, /^trivet: Not logged in\. Log in with: trivet login TOKEN@URL/)
  assert.equal(without.exitCode, 1)
  const { login } = await serveApi(t, {})
  const { loginPath } = await trivet(['--version'], { home, login })
  await writeFile(loginPath, '{"url": ')
  assert.match((await trivet(['node', 'list'], { home })).stderr, /config\.json is damaged; log in again/)
})

test('node list is a table for people and the API for programs', async (t) => {
  const nodes = [
    nodeOf('web-1'),
    nodeOf('zk-1', {
      roles: ['base', 'zookeeper'],
      state: 'pending',
      reason: 'needs 3 nodes',
      connected: false,
      lastRun: null,
    }),
  ]
  const { login } = await serveApi(t, { 'GET /api/nodes?role=web': nodes })
  const given = { home: await tempDir(t), login, now }

  const { stdout } = await trivet(['node', 'list', '--role', 'web'], given)

  assert.deepEqual(stdout.split('\n'), [
    'NODE   CLUSTER  ROLES            STATE      AGENT      LAST RUN  ADDRESS   WHY',
    'web-1  default  web              unchanged  connected  3m ago    10.0.0.1',
    'zk-1   default  base, zookeeper  pending    offline              10.0.0.1  needs 3 nodes',
    '',
  ])
  assert.deepEqual(JSON.parse((await trivet(['node', 'list', '--role', 'web', '--json'], given)).stdout), nodes)
})

test('the server is told what the operator said', async (t) => {
  const { login, asked, url } = await serveApi(t, {
    'POST /api/tokens': { token: `joiner01.${'j'.repeat(43)}.CA`, id: 'joiner01', expiresAt: now + 3_600_000 },
    'GET /api/nodes/web-1': {
      ...nodeOf('web-1', { roles: ['web'] }),
      id: '1',
      createdAt: now,
      lastSeenAt: null,
      facts: null,
      attributes: {},
      ordinals: {},
      catalog: null,
      owed: [],
    },
    'POST /api/nodes/web-1/roles': nodeOf('web-1', { roles: ['base', 'web'] }),
    'DELETE /api/nodes/web-1/roles?roles=base': nodeOf('web-1', { roles: [] }),
    'PUT /api/nodes/web-1/attributes/web.port': { nodes: ['web-1'], revision: 2 },
    'DELETE /api/clusters/default/attributes/web.port': { nodes: [], revision: 3 },
    'POST /api/nodes/web-1/revoke': nodeOf('web-1', { state: 'revoked' }),
  })
  const given = { home: await tempDir(t), login, now }

  const token = await trivet(
    ['token', 'create', '--role', 'base', '--role', 'web', '--uses', '3', '--ttl', '90m'],
    given,
  )
  assert.equal(token.stdout, `trivet-agent join joiner01.${'j'.repeat(43)}.CA@${url}\n`)
  assert.match(token.stderr, /ends in 1h/)
  assert.match((await trivet(['node', 'assign', 'web-1', 'base', 'web'], given)).stderr, /has the roles base, web\./)
  assert.match((await trivet(['node', 'unassign', 'web-1', 'base'], given)).stderr, /has no roles\./)
  assert.match(
    (await trivet(['node', 'set', 'web-1', 'web.port', '8080'], given)).stderr,
    /web\.port = 8080\. It counts at once for web-1/,
  )
  assert.match((await trivet(['node', 'set', 'web-1', 'web.port', 'a word'], given)).stderr, /= "a word"/)
  assert.match((await trivet(['cluster', 'unset', 'default', 'web.port'], given)).stderr, /No node is in it yet/)

  assert.deepEqual(
    asked.map(({ body }) => body).filter((body) => body !== undefined),
    [
      { roles: ['base', 'web'], uses: 3, ttlMs: 5_400_000 },
      { roles: ['base', 'web'] },
      { value: 8080 },
      { value: 'a word' },
    ],
  )
})

test('revoke asks first, and will not guess where it cannot ask', async (t) => {
  const { login, asked } = await serveApi(t, { 'POST /api/nodes/web-1/revoke': nodeOf('web-1', { state: 'revoked' }) })
  const given = { home: await tempDir(t), login }

  assert.equal((await trivet(['node', 'revoke', 'web-1'], { ...given, answer: undefined })).exitCode, 2)
  assert.equal((await trivet(['node', 'revoke', 'web-1'], { ...given, answer: false })).exitCode, 1)
  assert.equal(asked.length, 0)
  assert.equal((await trivet(['node', 'revoke', 'web-1'], { ...given, answer: true })).exitCode, 0)
  assert.equal((await trivet(['node', 'revoke', 'web-1', '-y'], given)).exitCode, 0)
  assert.equal(asked.length, 2)
})

test('run show tells each outcome by mark and word, what changed, and why it failed', async (t) => {
  const run = runOf({ outcome: 'failed', owed: ['restart service[nginx]'], orders: ['order1'], trigger: 'order' })
  const skipped = { outcome: 'skipped', id: 'file[/x]', recipe: 'web', durationMs: 0, reason: 'service[nginx] failed' }
  const restarted = { ...changedFile, action: 'restart', id: 'service[cron]', changes: [] }
  const events = [changedFile, failedService, skipped, restarted]
  const { login } = await serveApi(t, { 'GET /api/runs/1111': { run, events } })
  const given = { home: await tempDir(t), login, now }

  const brief = await trivet(['run', 'show', '1111'], given)
  const full = await trivet(['run', 'show', '1111', '--diff'], given)

  assert.match(brief.stdout, /^owed +restart service\[nginx\]$/m)
  assert.match(brief.stdout, /^took +3\.4s$/m)
  assert.deepEqual(full.stdout.slice(full.stdout.indexOf('* changed')).split('\n'), [
    '* changed       file[/etc/motd]  base, 12ms',
    '    mode: 0600 → 0644',
    '    content: - → hello',
    '      @@ -0,0 +1 @@',
    '      -old',
    '      +hello',
    '! failed        service[nginx]  web, 1.5s',
    '    systemctl start nginx exited with 1',
    '    bind: address in use',
    '- skipped       file[/x]  web, 0ms',
    '    service[nginx] failed',
    '* changed       restart service[cron]  base, 12ms',
    '',
  ])
  assert(!brief.stdout.includes('+hello'))
  assert.match(brief.stderr, /--diff shows how texts changed/)
})

test('recipe check exits with 1 when a recipe or a node is wrong', async (t) => {
  const bad = {
    revision: 'r',
    loadedAt: now,
    errors: ['roles/web.ts:3:7: oops'],
    nodes: [{ node: 'n1', error: 'pending' }],
  }
  const answers: Record<string, unknown> = { 'POST /api/recipes/check': bad }
  const { login } = await serveApi(t, answers)
  const given = { home: await tempDir(t), login }

  const wrong = await trivet(['recipe', 'check'], given)
  assert.deepEqual([wrong.stdout, wrong.exitCode], ['roles/web.ts:3:7: oops\nnode n1: pending\n', 1])
  answers['POST /api/recipes/check'] = { ...bad, errors: [], nodes: [] }
  const right = await trivet(['recipe', 'check'], given)
  assert.match(right.stdout, /^All is well: revision r is in force/)
  assert.equal(right.exitCode, 0)
})

test('explain marks the layer that wins', async (t) => {
  const nobody = { author: null, at: null }
  const { login } = await serveApi(t, {
    'GET /api/nodes/n1/explain/web.port': {
      value: 81,
      layers: [
        { layer: 'recipe web', value: 80, ...nobody },
        { layer: 'cluster default', value: 81, author: 'ann', at: now - 60_000 },
      ],
    },
  })

  const { stdout } = await trivet(['node', 'explain', 'n1', 'web.port'], { home: await tempDir(t), login, now })

  assert.deepEqual(
    stdout
      .split('\n')
      .slice(0, 4)
      .map((line) => line.split(/ {2,}/)),
    [
      ['web.port = 81'],
      ['LAYER', 'VALUE', 'BY', 'SET'],
      ['recipe web', '80'],
      ['cluster default', '81', 'ann', '1m ago', '← in force'],
    ],
  )
})

test('explain without an attribute tells all of them, each with where it comes from', async (t) => {
  const recipe = { layer: 'recipe web', value: 80, author: null, at: null }
  const own = { layer: 'node n1', value: { max: 8 }, author: 'ann', at: now - 60_000 }
  const told = [
    { key: 'web.port', value: 80, layers: [recipe] },
    { key: 'web.heap', value: { min: 1, max: 8 }, layers: [{ ...recipe, value: { min: 1 } }, own] },
    { key: 'web.name', value: null, layers: [] },
  ]
  const { login } = await serveApi(t, {
    'GET /api/nodes/n1/explain': (response: ServerResponse) => response.writeHead(200).end(JSON.stringify(told)),
  })

  const { stdout } = await trivet(['node', 'explain', 'n1'], { home: await tempDir(t), login, now })

  assert.deepEqual(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/)),
    [
      ['ATTRIBUTE', 'VALUE', 'FROM', 'BY', 'SET'],
      ['web.port', '80', 'recipe web'],
      ['web.heap', '{"min":1,"max":8}', 'recipe web, node n1', 'ann', '1m ago'],
      ['web.name', 'null'],
    ],
  )
})

test('backup writes the whole file for its owner alone, and replaces none unasked', async (t) => {
  const dir = await tempDir(t)
  const bytes = Buffer.alloc(300_000, 'trivet')
  const answers = { 'GET /api/backup': (response: ServerResponse) => response.writeHead(200).end(bytes) }
  const { login, asked } = await serveApi(t, answers)
  const [given, path] = [{ home: dir, login }, join(dir, 'saved.db')]

  assert.equal((await trivet(['backup', path], given)).exitCode, 0)
  assert.deepEqual(await readFile(path), bytes)
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  const again = await trivet(['backup', path], given)
  assert.match(again.stderr, /saved\.db is already there\. .*--force/)
  assert.deepEqual([again.exitCode, asked.length], [1, 1])
  assert.equal((await trivet(['backup', path, '--force'], given)).exitCode, 0)
})

test('a backup that is cut leaves the file that was there, and no other', async (t) => {
  const dir = await tempDir(t)
  const { login } = await serveApi(t, {
    'GET /api/backup': (response: ServerResponse) => {
      response.writeHead(200)
      response.write('half', () => response.socket?.destroy())
    },
  })
  const path = join(dir, 'saved.db')
  await writeFile(path, 'old')

  const { exitCode, stderr } = await trivet(['backup', path, '--force'], { home: dir, login })

  assert.match(stderr, /cut the connection/)
  assert.equal(exitCode, 1)
  assert.equal(await readFile(path, 'utf8'), 'old')
  assert.deepEqual((await readdir(dir)).toSorted(), ['saved.db', 'trivet'])
})

test('a file in a folder that is not there is told in one line', async (t) => {
  const dir = await tempDir(t)
  const { login } = await serveApi(t, {
    'GET /api/backup': (response: ServerResponse) => response.writeHead(200).end('x'),
  })

  const { exitCode, stderr } = await trivet(['backup', join(dir, 'no', 'saved.db')], { home: dir, login })

  assert.match(stderr, /^trivet: Cannot write .*saved\.db: .*no such folder/i)
  assert.equal(exitCode, 1)
})

test('audit and export audit ask for what was said', async (t) => {
  const wanted = 'author=ann&action=assign&subject=web-1&text=word'
  const times = `from=${now - 3_600_000}&to=${now - 60_000}`
  const row = { id: 1, at: now, author: 'ann', action: 'assign', subject: 'web-1', before: null, after: ['web'] }
  const { login, asked } = await serveApi(t, {
    [`GET /api/audit?${wanted}&${times}&limit=50`]: [row],
    [`GET /api/export/audit?${wanted}&${times}&format=csv`]: (response: ServerResponse) =>
      response.end('id,at\r\n1,2\r\n'),
  })
  const given = { home: await tempDir(t), login, now }
  const filter = '--author ann --action assign --subject web-1 --text word --since 1h --until 1m'.split(' ')

  assert.match((await trivet(['audit', ...filter], given)).stdout, /ann +assign +web-1 +\["web"\]/)
  assert.equal(JSON.parse((await trivet(['audit', ...filter, '--jsonl'], given)).stdout).subject, 'web-1')
  assert.equal((await trivet(['export', 'audit', ...filter, '--csv'], given)).stdout.split('\n').length, 3)
  assert.deepEqual(asked.length, 3)
})
