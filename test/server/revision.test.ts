import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeClient } from '../../cli/api-client.ts'
import { api } from '../../protocol/api.ts'
import { serve } from '../helpers/test-server.ts'

test('the revision in force tells which files changed with it, after a restart too, and to operators how', async (t) => {
  const served = await serve(t)
  const { client, dir } = served
  const first = await client.call(api.readRevision, {})
  assert.deepEqual([first.before, first.changes, first.errors], [null, [], []])

  const word = join(dir, 'recipes/word/word.ts')
  const text = await readFile(word, 'utf8')
  await writeFile(word, text.replace("'hello'", "'good morning'"))
  await writeFile(join(dir, 'recipes/word/logo.png'), Buffer.from([0x89, 0x50, 0xff]))
  await rm(join(dir, 'roles/pair.ts'))
  await client.call(api.checkSources, {})
  const told = await client.call(api.readRevision, {})
  assert.equal(told.before?.id, first.id)
  assert.notEqual(told.id, first.id)
  assert.deepEqual(
    told.changes.map(({ path, change }) => `${change} ${path}`),
    ['added recipes/word/logo.png', 'changed recipes/word/word.ts', 'removed roles/pair.ts'],
  )
  const [logo, recipe, role] = told.changes.map(({ diff }) => diff)
  assert.equal(logo, null)
  assert.match(recipe ?? '', /^--- recipes\/word\/word.ts\n\+\+\+ .*\n@@ .*default\('good morning'\)/s)
  assert.match(role ?? '', /^-import \{ defineRole \}/m)

  await served.restart()
  assert.deepEqual(await client.call(api.readRevision, {}), told)

  await client.call(api.createUser, { name: 'vera', access: 'viewer', clusters: 'all' })
  const { token } = await client.call(api.createApiToken, { name: 'look', user: 'vera' })
  const viewer = makeClient({ ...served.place, token })
  const seen = await viewer.call(api.readRevision, {})
  assert.deepEqual(
    seen.changes.map(({ path, diff }) => [path, diff]),
    told.changes.map(({ path }) => [path, null]),
  )
})

test('what does not load is told beside what is in force', async (t) => {
  const { client, dir } = await serve(t)
  const { id } = await client.call(api.readRevision, {})
  await writeFile(join(dir, 'roles/broken.ts'), 'export default 3\n')
  await client.call(api.checkSources, {})
  const told = await client.call(api.readRevision, {})
  assert.deepEqual([told.id, told.before], [id, null])
  assert.match(told.errors.join(), /^roles\/broken\.ts/)
})
