import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { api } from '../../protocol/api.ts'
import type { RevisionSummary } from '../../protocol/revision.ts'
import { changesBetween } from '../../server/revision-history.ts'
import { loadRevision } from '../../server/sources/revision.ts'
import { tempDir } from '../helpers/converges.ts'
import { sourcesOf, webRecipe } from '../helpers/sources.ts'
import { serve, type Served } from '../helpers/test-server.ts'
import { trivet } from '../helpers/trivet.ts'

const role = (recipe: string) =>
  `import { defineRole } from 'trivet/role'\nexport default defineRole({ recipes: ['${recipe}'] })\n`
const oneRecipe = (declared: string) =>
  `import { defineRecipe } from 'trivet/recipe'\nimport { text } from '../_shared/text.ts'\n` +
  `export default defineRecipe({ declare({ file }) { ${declared} } })\n`

test('a recipe is touched by what lies beside it and by what it imports, not by comments', async (t) => {
  const { dirs, write, root } = await sourcesOf(t, {
    ...webRecipe(''),
    'recipes/web/page.txt': 'one',
    'recipes/_shared/text.ts': "export const text = 'one'\n",
    'recipes/told/told.ts': oneRecipe("file('/etc/told', { content: text })"),
    'roles/told.ts': role('told'),
  })
  let before = (await loadRevision(dirs)).content
  const touched = async () => {
    const { content } = await loadRevision(dirs)
    const { files, ...parts } = changesBetween(before, content)
    before = content
    return [files, parts]
  }
  const none = { added: [], changed: [], removed: [] }
  const untouched = { roles: [], recipes: [], types: [] }
  assert.deepEqual(await touched(), [none, untouched])
  await write('recipes/web/page.txt', 'two')
  assert.deepEqual(await touched(), [
    { ...none, changed: ['recipes/web/page.txt'] },
    { ...untouched, recipes: ['web'] },
  ])
  await write('recipes/_shared/text.ts', "export const text = 'two'\n")
  const shared = { ...none, changed: ['recipes/_shared/text.ts'] }
  assert.deepEqual(await touched(), [shared, { ...untouched, recipes: ['told'] }])
  await write('recipes/_shared/text.ts', "// Said by all.\nexport const text = 'two'\n")
  assert.deepEqual(await touched(), [shared, untouched])
  await rm(join(root, 'roles/told.ts'))
  await write('roles/more.ts', role('told'))
  const moved = { ...none, added: ['roles/more.ts'], removed: ['roles/told.ts'] }
  assert.deepEqual(await touched(), [moved, { ...untouched, roles: ['more', 'told'] }])
})

const told = ({ files, roles, recipes }: RevisionSummary) => [files.added, files.changed, files.removed, roles, recipes]

const roleFile = ({ options }: Served, name: string) => join(options.roles, `${name}.ts`)

/** Revisions 1 (as begun), 2 (with a role more), 1 again. */
async function threeRevisions(t: Parameters<typeof serve>[0]) {
  let at = Date.now()
  const served = await serve(t, { clock: () => at })
  const check = () => served.client.call(api.checkSources, {})
  at += 1000
  await writeFile(roleFile(served, 'more'), role('word'))
  await check()
  at += 1000
  await rm(roleFile(served, 'more'))
  await check()
  return { served, check, revisions: await served.client.list(api.listRevisions, {}) }
}

test('each revision that comes into force is remembered once, with what it changed', async (t) => {
  const { served, check, revisions } = await threeRevisions(t)
  const { client } = served
  const [back, second, first] = revisions
  assert(back && second && first)
  assert.equal(revisions.length, 3)
  assert.deepEqual([back.id === first.id, second.id === first.id], [true, false])
  assert.deepEqual([back.at - second.at, second.at - first.at], [1000, 1000])
  const all = ['recipes/pair/pair.ts', 'recipes/word/word.ts', 'roles/pair.ts', 'roles/word.ts']
  assert.deepEqual(told(first), [all, [], [], ['pair', 'word'], ['pair', 'word']])
  assert.deepEqual(told(second), [['roles/more.ts'], [], [], ['more'], []])
  assert.deepEqual(told(back), [[], [], ['roles/more.ts'], ['more'], []])

  await writeFile(roleFile(served, 'more'), 'no role at all')
  assert.equal((await check()).errors.length > 0, true)
  await rm(roleFile(served, 'more'))
  await check()
  await served.restart()
  assert.deepEqual(
    await client.list(api.listRevisions, {}),
    revisions,
    'what did not load, or was in force before, is none',
  )
})

test('revisions are listed by pages, forwards and backwards, by what they touched and when', async (t) => {
  const { served, revisions } = await threeRevisions(t)
  const { client } = served
  const pages: RevisionSummary[] = []
  let after: string | undefined
  do {
    const { items, next } = await client.call(api.listRevisions, { limit: 1, after })
    pages.push(...items)
    after = next ?? undefined
  } while (after !== undefined)
  assert.deepEqual(pages, revisions)
  assert.deepEqual(await client.list(api.listRevisions, { sort: 'at' }), revisions.toReversed())
  const [back, second, first] = revisions
  assert.deepEqual(await client.list(api.listRevisions, { role: 'more' }), [back, second])
  assert.deepEqual(await client.list(api.listRevisions, { recipe: 'word' }), [first])
  assert.deepEqual(await client.list(api.listRevisions, { from: second?.at, to: back?.at }), [second])
})

test('one revision is found by the begin of its id, as it came into force last', async (t) => {
  const { served, revisions } = await threeRevisions(t)
  const { client } = served
  const [back, second] = revisions
  const read = (id = '') => client.call(api.readPastRevision, { id })
  assert.deepEqual(await read(back?.id.slice(0, 8)), back)
  assert.deepEqual(await read(second?.id), second)
  await assert.rejects(read('beefbeefbeef'), /There is no revision beefbeefbeef/)
})

test('the command line lists revisions and shows what one changed', async (t) => {
  const { served, revisions } = await threeRevisions(t)
  const given = { home: await tempDir(t), login: { url: served.url, ca: served.ca, token: served.token } }
  const id = revisions[1]?.id ?? ''
  const listed = await trivet(['revision', 'list', '--role', 'more'], given)
  assert.match(listed.stdout, new RegExp(`${id.slice(0, 12)}.*1 added +more`))
  assert.equal(listed.stdout.trim().split('\n').length, 3)
  const shown = await trivet(['revision', 'show', id.slice(0, 12)], given)
  assert.match(shown.stdout, new RegExp(id))
  assert.match(shown.stdout, /added:? +roles\/more\.ts/)
})
