import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createRevisions } from '../../../server/revisions.ts'
import { SourceError } from '../../../server/sources/errors.ts'
import { hashSources } from '../../../server/sources/files.ts'
import { loadRevision } from '../../../server/sources/revision.ts'
import { revisionOf, sourcesOf, webRecipe } from '../../helpers/sources.ts'

const role = (recipes: string, rest = '') =>
  `import { defineRole } from 'trivet/role'\nexport default defineRole({\n  recipes: [${recipes}],\n${rest}})\n`

async function errorsOf(t: TestContext, files: Record<string, string>) {
  const { dirs } = await sourcesOf(t, files)
  const error = await loadRevision(dirs).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert(error instanceof SourceError, `a SourceError was expected, not ${String(error)}`)
  return error.errors
}

test('a recipe and a role are loaded by path, with helpers and what lies beside them', async (t) => {
  const revision = await revisionOf(t, {
    ...webRecipe('helper(file)'),
    'recipes/web/web.ts': `import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'
import { helper } from './parts/helper.ts'
import { shared } from '../_shared/shared'
export default defineRecipe({ description: 'Serves.', attributes: z.strictObject({ port: z.int().default(80) }), declare({ file }) { helper(file); shared() } })`,
    'recipes/web/parts/helper.ts': "export const helper = (file: (name: string) => void) => file('/etc/x')",
    'recipes/_shared/shared.ts': 'export const shared = () => {}',
    'recipes/web/parts/page.html': 'hello',
    'recipes/web/app.conf.njk': 'port {{ port }}\n',
    'recipes/README.md': 'about recipes',
    'recipes/web/web.ts~': 'what an editor left',
  })

  const recipe = revision.recipes.get('web')
  assert.equal(recipe?.description, 'Serves.')
  assert.deepEqual([...(recipe?.files.keys() ?? [])], ['app.conf.njk', 'parts/page.html'])
  assert.equal(recipe?.templates.render('app.conf.njk', { port: 80 }), 'port 80\n')
  assert.deepEqual(revision.roles.get('web')?.recipes, ['web'])
  assert.deepEqual([...revision.recipes.keys()], ['web'])
})

test('a change of any file gives another revision, and its code runs anew', async (t) => {
  const { dirs, write } = await sourcesOf(t, webRecipe("file('/etc/a')"))
  const first = await loadRevision(dirs)
  assert.equal(await hashSources(dirs), first.id)

  await write('recipes/web/note.txt', 'x')
  assert.notEqual(await hashSources(dirs), first.id)

  await write(
    'recipes/web/web.ts',
    (webRecipe('')['recipes/web/web.ts'] ?? '').replace('defineRecipe({', "defineRecipe({ description: 'new',"),
  )
  const second = await loadRevision(dirs)
  assert.notEqual(second.id, first.id)
  assert.equal(second.recipes.get('web')?.description, 'new')
  assert.equal(first.recipes.get('web')?.description, '')
})

test('a revision is known by what is in the folders, wherever they are', async (t) => {
  const one = await sourcesOf(t, webRecipe(''))
  const other = await sourcesOf(t, webRecipe(''))
  assert.equal(await hashSources(one.dirs), await hashSources(other.dirs))

  await rename(join(one.root, 'roles/web.ts'), join(one.root, 'roles/www.ts'))
  assert.notEqual(await hashSources(one.dirs), await hashSources(other.dirs))
})

test('a folder that is missing is an error with its path', async (t) => {
  const { dirs } = await sourcesOf(t, {})
  await rm(dirs.roles, { recursive: true })
  await assert.rejects(loadRevision(dirs), { errors: [`${dirs.roles}: cannot be read (ENOENT); it must be a folder`] })
})

test('a syntax error says file, line and column', async (t) => {
  const files = { ...webRecipe(''), 'recipes/web/web.ts': 'const a = 1\nexport default (((\n' }
  const [error = ''] = await errorsOf(t, files)
  assert.match(error, /^recipes\/web\/web\.ts:\d+:\d+: Unexpected end of file/)
})

test('a mode that is written as a number is told as the text that it must be', async (t) => {
  const [error = ''] = await errorsOf(t, webRecipe("file('/etc/a', { mode: 0644 })"))
  assert.match(error, /Legacy octal literals cannot be used.*\. Write '0644', as text, where a mode is meant$/)
})

test('all errors of recipes and roles are told at once', async (t) => {
  const errors = await errorsOf(t, { 'recipes/a/a.ts': 'const = 1', 'recipes/b/b.ts': 'let let', 'roles/c.ts': '}' })
  assert.deepEqual(
    errors.map((error) => error.split(':')[0]),
    ['recipes/a/a.ts', 'recipes/b/b.ts', 'roles/c.ts'],
  )
})

test('what a recipe must not import is an error that says what it may', async (t) => {
  const files = webRecipe('')
  const text = `import { readFileSync } from 'node:fs'\nimport lodash from 'lodash'\nreadFileSync(lodash)\n${files['recipes/web/web.ts']}`
  assert.deepEqual(await errorsOf(t, { ...files, 'recipes/web/web.ts': text }), [
    'recipes/web/web.ts:1:30: cannot import node:fs. It may import trivet/recipe, zod and TypeScript files beside it by their relative path.',
    'recipes/web/web.ts:2:20: cannot import lodash. It may import trivet/recipe, zod and TypeScript files beside it by their relative path.',
  ])
})

test('a role may not import what recipes may', async (t) => {
  const [error] = await errorsOf(t, { ...webRecipe(''), 'roles/web.ts': "import 'trivet/recipe'\n" })
  assert.match(error ?? '', /^roles\/web\.ts:1:8: cannot import trivet\/recipe\. It may import trivet\/role and /)
})

test('a helper that is not there, or lies outside of the folder, is an error', async (t) => {
  const text = "import './helper.ts'\nimport '../../secrets.ts'\n"
  const { root, dirs, write } = await sourcesOf(t, { ...webRecipe(''), 'recipes/web/web.ts': text })
  await write('secrets.ts', 'export {}')
  await assert.rejects(loadRevision(dirs), (error: SourceError) => {
    assert.match(
      error.errors[0] ?? '',
      /^recipes\/web\/web\.ts:1:8: cannot import \.\/helper\.ts: there is no recipes\/web\/helper\.ts\./,
    )
    assert.match(error.errors[1] ?? '', /^recipes\/web\/web\.ts:2:8: cannot import \.\.\/\.\.\/secrets\.ts/)
    return !error.message.includes(root)
  })
})

test('a default export that is no recipe, or no role, says what to write', async (t) => {
  const errors = await errorsOf(t, {
    'recipes/web/web.ts': 'export default () => {}',
    'recipes/none/none.ts': 'export const recipe = 1',
    'roles/web.ts': "import { defineRole } from 'trivet/role'\nexport const web = defineRole({ recipes: [] })",
  })
  assert.deepEqual(
    errors.map((error) => error.replace(/;.*/, '')),
    [
      'recipes/none/none.ts:1:1: has no recipe as its default export',
      'recipes/web/web.ts:1:1: has no recipe as its default export',
      'roles/web.ts:1:1: has no role as its default export',
    ],
  )
})

test('what throws while it is loaded is told with the line that threw, in a helper too', async (t) => {
  const errors = await errorsOf(t, {
    'recipes/web/web.ts': "import './deep.ts'\nexport default 1",
    'recipes/web/deep.ts':
      "interface Erased {\n  one: string\n}\nfunction fail(_: Erased) {\n  throw new Error('no luck')\n}\nfail({ one: 'x' })",
    'roles/web.ts': 'const nothing: string[] | undefined = undefined\n\nexport default nothing!.length',
  })
  assert.equal(errors[0], 'recipes/web/deep.ts:5:9: threw while it was loaded: no luck')
  assert.match(errors[1] ?? '', /^roles\/web\.ts:3:25: threw while it was loaded: Cannot read properties of undefined/)
})

test('a folder without the recipe of its name is an error', async (t) => {
  assert.deepEqual(await errorsOf(t, { 'recipes/web/wbe.ts': '' }), [
    "recipes/web/web.ts: is missing; a recipe's folder holds a file of its name",
  ])
})

test('a role that names no recipe of ours says which line and what was meant', async (t) => {
  const errors = await errorsOf(t, { ...webRecipe(''), 'roles/front.ts': role("'wbe'") })
  assert.deepEqual(errors, ['roles/front.ts:3:13: there is no recipe wbe. Did you mean web?'])
})

test('a role that sets an attribute that its recipe has not, or a wrong value, says which line', async (t) => {
  const files = webRecipe('', 'port: z.int().default(80), tls: z.strictObject({ on: z.boolean() }).optional()')
  const wrong = "  attributes: {\n    web: { prot: 1, port: 'x',\n      tls: { no: 1 } },\n    wob: {},\n  },\n"
  assert.deepEqual(await errorsOf(t, { ...files, 'roles/web.ts': role("'web'", wrong) }), [
    'roles/web.ts:5:12: web.prot: there is no such attribute. Did you mean web.port?',
    'roles/web.ts:5:21: web.port: must be a number, not "x"',
    'roles/web.ts:6:7: web.tls.no: there is no such attribute. Did you mean web.tls.on?',
    'roles/web.ts:7:5: there is no recipe wob. Did you mean web?',
  ])
})

test('a template that does not parse is an error with its own line', async (t) => {
  const files = {
    ...webRecipe(''),
    'recipes/web/app.conf.njk': 'one\ntwo\n{% if x %}\nthree\n',
    'recipes/web/b.njk': 'a\n{{ x | nofilter }}{{ }\n',
  }
  const [first, second] = await errorsOf(t, files)
  assert.match(first ?? '', /^recipes\/web\/app\.conf\.njk:\d+: .*expected elif, else, or endif/)
  assert.match(second ?? '', /^recipes\/web\/b\.njk:2: /)
})

const oddities: Record<string, (path: string) => void> = {
  'a FIFO': (path: string) => void execFileSync('mkfifo', [path]),
  'a link to a folder': (path: string) => symlinkSync('/tmp', path),
  'a link to nothing': (path: string) => symlinkSync('/nowhere/at/all', path),
  'a link to itself': (path: string) => symlinkSync('odd', path),
}

for (const [what, lay] of Object.entries(oddities))
  test(`${what} beside a recipe is an error with its path, also to a server that runs`, async (t) => {
    const { root, dirs } = await sourcesOf(t, webRecipe(''))
    const revisions = createRevisions(dirs, Date.now, async () => {})
    await revisions.reload()
    assert.deepEqual(revisions.errors(), [])
    lay(join(root, 'recipes/web/odd'))
    assert.equal(await revisions.reload(), true)
    assert.match(revisions.errors().join(), /^recipes\/web\/odd: /)
  })

test('a link to a file is read as the file', async (t) => {
  const { root, dirs, write } = await sourcesOf(t, webRecipe(''))
  await write('page.html', 'hello')
  symlinkSync('../../page.html', join(root, 'recipes/web/page.html'))
  const revision = await loadRevision(dirs)
  assert.equal(String(revision.recipes.get('web')?.files.get('page.html')), 'hello')
})
