import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Catalog } from '../../../protocol/catalog.ts'
import { compile } from '../../../server/compile/compile.ts'
import type { NodeInput } from '../../../server/compile/inputs.ts'
import { clusterOf, nodeOf, revisionOf } from '../../helpers/sources.ts'

const recipe = (settings = '') =>
  `import { defineRecipe } from 'trivet/recipe'\nexport default defineRecipe({ ${settings} declare() {} })`
const role = (recipes: string[], settings = '') =>
  `import { defineRole } from 'trivet/role'\nexport default defineRole({ recipes: ${JSON.stringify(recipes)}, ${settings} })`

/** What a node with these roles is told beside its resources. */
async function handlingOf(
  t: TestContext,
  roles: string[],
  files: Record<string, string>,
  more: Partial<NodeInput> = {},
) {
  const revision = await revisionOf(t, files)
  const node = nodeOf('n1', roles, more)
  const compiled = compile(revision, node, clusterOf([node]))
  assert(compiled.status === 'compiled', compiled.status === 'compiled' ? '' : compiled.reason)
  const {
    node: _node,
    resources: _resources,
    ...handling
  } = Catalog.parse(JSON.parse(JSON.stringify(compiled.catalog)))
  return handling
}

test('a catalog says nothing of what is standard', async (t) => {
  const files = { 'recipes/a/a.ts': recipe("cleanup: 'keep',"), 'roles/one.ts': role(['a']) }
  assert.deepEqual(await handlingOf(t, ['one'], files), {})
})

test('of a recipe that several roles list, the first decides; cleanup is its own', async (t) => {
  const files = {
    'recipes/a/a.ts': recipe("cleanup: 'restore',"),
    'recipes/b/b.ts': recipe(),
    'recipes/c/c.ts': recipe(),
    'roles/one.ts': role(['a', 'b'], 'watch: true,'),
    'roles/two.ts': role(['b', 'c'], "audit: true, window: { cron: '0 2 * * *', minutes: 60 },"),
  }
  const audited = { audit: true, window: { cron: '0 2 * * *', minutes: 60 } }
  assert.deepEqual(await handlingOf(t, ['one', 'two'], files), {
    policies: { a: { watch: true, cleanup: 'restore' }, b: { watch: true }, c: audited },
  })
  assert.deepEqual(await handlingOf(t, ['two', 'one'], files), {
    policies: { b: audited, c: audited, a: { watch: true, cleanup: 'restore' } },
  })
})

test('a run may take as long as the strictest role says', async (t) => {
  const files = {
    'recipes/a/a.ts': recipe(),
    'roles/one.ts': role(['a'], 'runDeadlineMs: 60_000,'),
    'roles/two.ts': role(['a'], 'runDeadlineMs: 5000,'),
    'roles/three.ts': role(['a']),
  }
  assert.deepEqual(await handlingOf(t, ['one', 'three', 'two'], files), { runDeadlineMs: 5000 })
  assert.deepEqual(await handlingOf(t, ['three'], files), {})
})

test('a node that is audited or disabled is told so, and has another catalog then', async (t) => {
  const files = { 'recipes/a/a.ts': recipe(), 'roles/one.ts': role(['a']) }
  const disabled = { reason: 'a broken disk', by: 'ann', until: 1000 }
  assert.deepEqual(await handlingOf(t, ['one'], files, { audit: true, disabled }), { audit: true, disabled })
})
