import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { test } from 'node:test'
import { api } from '../../protocol/api.ts'
import { startServer } from '../../server/server.ts'
import { connect, enrol } from '../helpers/fake-agent.ts'
import { serve } from '../helpers/test-server.ts'

test('the first start invites an admin, and no later one does', async (t) => {
  const { client, restart, log, token } = await serve(t)
  await restart()
  assert.equal((await client.call(api.whoami, {})).access, 'admin')
  assert(!log.join('').includes(token.split('.')[1] ?? ''), 'the secret is in no log')
})

test('the data directory is for its owner alone, and no secret is in it', async (t) => {
  const { options, token } = await serve(t)
  assert.equal((await stat(options.data)).mode & 0o777, 0o700)
  for (const name of await readdir(options.data)) {
    const path = join(options.data, name)
    assert.equal((await stat(path)).mode & 0o777, 0o600, name)
    assert(!(await readFile(path)).includes(token.split('.')[1] ?? ''), name)
  }
})

test('what stands in the way of a start is said in one line', async (t) => {
  const { dir, options } = await serve(t)
  const why = async (more: Partial<typeof options>) => {
    const error: unknown = await startServer({ ...options, ...more }).then(
      () => assert.fail('it started'),
      (reason: unknown) => reason,
    )
    assert(error instanceof Error)
    return `${error.name}: ${error.message}`
  }
  const fresh = { data: join(dir, 'other') }
  assert.match(await why({}), /^InUseError: .*trivet.db is in use by another server/)
  assert.match(await why({ ...fresh, recipes: join(dir, 'none') }), /^StartError: --recipes .*none cannot be read/)
  assert.match(
    await why({ ...fresh, roles: join(dir, 'data', 'trivet.db') }),
    /^StartError: --roles .* is not a folder/,
  )
  assert.match(await why({ ...fresh, host: '192.0.2.1' }), /^StartError: Cannot listen .* no such address/)
  await mkdir(join(dir, 'full'))
  await writeFile(join(dir, 'full', 'mine'), '')
  assert.match(await why({ data: join(dir, 'full') }), /^StartError: .*holds files but no trivet.db/)
  assert.match(await why({ data: join(dir, 'full', 'mine') }), /^StartError: The data directory .* cannot be used/)
})

test('a port that is taken is said so, and the data is free for the next attempt', async (t) => {
  const { dir, options, url } = await serve(t)
  const second = { ...options, data: join(dir, 'second') }
  await assert.rejects(startServer({ ...second, port: Number(new URL(url).port) }), /something listens there already/)
  await (await startServer(second)).close()
})

test('anything below TLS 1.3 is refused', async (t) => {
  const { url, ca } = await serve(t)
  const { port, hostname } = new URL(url)
  const error = await new Promise<Error>((resolve, reject) => {
    const options = {
      port: Number(port),
      host: hostname,
      ca,
      servername: 'trivet-server',
      maxVersion: 'TLSv1.2',
    } as const
    const socket = connectTls(options, () => reject(new Error('it connected')))
    socket.on('error', resolve)
  })
  assert.match(error.message, /version|alert/i)
})

test('the address in the invitation, localhost and trivet-server are all names of the certificate', async (t) => {
  const { url, ca } = await serve(t)
  const { port, hostname } = new URL(url)
  for (const servername of ['trivet-server', 'localhost', '']) {
    const host = servername === '' ? { host: hostname } : { host: hostname, servername }
    await new Promise<void>((resolve, reject) => {
      const socket = connectTls({ port: Number(port), ca, ...host }, () => {
        socket.end()
        resolve()
      })
      socket.on('error', reject)
    })
  }
})

test('a changed recipe comes into force by itself and reaches the agent', async (t) => {
  const { options, place, joinToken } = await serve(t)
  const { keys } = await enrol(place, await joinToken({ roles: ['word'] }), 'n1')
  const agent = await connect(place, keys)
  await agent.next('catalog')
  const path = join(options.recipes, 'word', 'word.ts')
  await writeFile(path, (await readFile(path, 'utf8')).replace('/etc/word', '/etc/other'))
  assert.equal((await agent.next('catalog')).catalog.resources[0]?.name, '/etc/other')
})

test('a broken recipe is named with file and line while the revision of before stays in force', async (t) => {
  const { options, client } = await serve(t)
  const before = (await client.call(api.whoami, {})).revision
  await writeFile(join(options.recipes, 'word', 'word.ts'), 'export default defineRecipe({')
  const { errors, revision } = await client.call(api.checkSources, {})
  assert.match(errors[0] ?? '', /recipes\/word\/word\.ts:1:\d+/)
  assert.equal(revision, before)
  await client.call(api.readRole, { role: 'word' })
})

test('a server starts with broken recipes, says so, and is well once they are', async (t) => {
  const { options, client, restart } = await serve(t)
  const path = join(options.recipes, 'word', 'word.ts')
  const good = await readFile(path, 'utf8')
  await writeFile(path, 'nonsense(')
  await restart()
  assert.equal((await client.call(api.whoami, {})).revision, 'none')
  await assert.rejects(client.list(api.listRoles, {}), /recipes\/word\/word\.ts:1/)
  await writeFile(path, good)
  assert.deepEqual((await client.call(api.checkSources, {})).errors, [])
  assert.equal((await client.list(api.listRoles, {})).length, 2)
})

test('one bad role breaks only the nodes that use it', async (t) => {
  const { options, client, place, joinToken } = await serve(t)
  const agents = []
  for (const [name, role] of [
    ['n1', 'word'],
    ['n2', 'bad'],
  ] as const) {
    if (role === 'bad') {
      await mkdir(join(options.recipes, 'bad'))
      await writeFile(
        join(options.recipes, 'bad', 'bad.ts'),
        `import { defineRecipe } from 'trivet/recipe'\nimport { z } from 'zod'\nexport default defineRecipe({ description: '', attributes: z.object({}), declare() { throw new Error('broken') } })\n`,
      )
      await writeFile(
        join(options.roles, 'bad.ts'),
        `import { defineRole } from 'trivet/role'\nexport default defineRole({ description: '', recipes: ['bad'] })\n`,
      )
      assert.deepEqual((await client.call(api.checkSources, {})).errors, [])
    }
    const { keys } = await enrol(place, await joinToken({ roles: [role] }), name)
    agents.push(await connect(place, keys))
  }
  const [good, bad] = agents
  await good?.next('catalog')
  const said = await bad?.next('no-catalog')
  assert.equal(said?.why, 'error')
  assert.match(said?.reason ?? '', /bad\.ts:3.*broken/)
})
