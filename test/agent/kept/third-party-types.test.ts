import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { KeptCatalog } from '../../../agent/kept/kept-catalog.ts'
import { Parts } from '../../../agent/parts.ts'
import { stateIn } from '../../../agent/kept/state.ts'
import { type Catalog, sha256 } from '../../../protocol/catalog.ts'
import type { RunMode } from '../../../protocol/events.ts'
import { resourceTypes } from '../../../resources/index.ts'
import { compile } from '../../../server/compile/compile.ts'
import { loadRevision } from '../../../server/sources/revision.ts'
import { told } from '../../helpers/acceptance.ts'
import { tempDir } from '../../helpers/converges.ts'
import { cleaningRecipe, clusterOf, nodeOf, sourcesOf, webRecipe } from '../../helpers/sources.ts'

const motd = readFileSync(new URL('../../../docs/examples/types/motd.ts', import.meta.url), 'utf8')

/** An agent's parts on a state folder of its own, with what a recipe of these types declares. */
async function agentWith(t: TestContext, body: string, types: Record<string, string>, recipe = webRecipe(body)) {
  const dir = await tempDir(t)
  const state = stateIn(join(dir, 'state'))
  const parts = new Parts(state, resourceTypes, '1')
  const run = async (mode: RunMode = 'converge') => {
    const reports = await parts.runner.run({ mode, trigger: 'manual', orders: [] })
    return reports.flatMap(({ events }) => events.map(told))
  }
  const give = (catalog: Catalog, blobs: Map<string, Buffer>) => {
    for (const [hash, bytes] of blobs) parts.blobs.write(hash, bytes)
    parts.catalog.write(catalog)
  }
  const { catalog, blobs } = await catalogOf(t, { ...recipe, ...types })
  give(catalog, blobs)
  return { dir, state, parts, catalog, run, give }
}

async function catalogOf(t: TestContext, files: Record<string, string>) {
  const { dirs } = await sourcesOf(t, files)
  const node = nodeOf('n1', ['web'])
  const compiled = compile(await loadRevision(dirs), node, clusterOf([node]))
  assert(compiled.status === 'compiled', 'reason' in compiled ? compiled.reason : '')
  return compiled
}

/** A type `tiny` that wants nothing, with this line before it. */
function tiny(before: string) {
  return `import { defineResource } from 'trivet/resource'
import { z } from 'zod'
${before}
export default defineResource({ type: 'tiny', summary: '', name: z.string(), props: z.strictObject({}), check: () => [], apply() {} })`
}

test('a catalog brings its type along: planned, made, then unchanged, also by an agent that starts anew', async (t) => {
  const path = join(await tempDir(t), 'motd.d/hello')
  const { state, run } = await agentWith(t, `context.motd('${path}', { text: 'hello' })`, { 'types/motd.ts': motd })
  assert.deepEqual(await run('plan'), [`motd[${path}] would-change`])
  assert(!existsSync(path), 'the plan has written')
  assert.deepEqual(await run(), [`motd[${path}] changed`])
  assert.equal(readFileSync(path, 'utf8'), 'hello\n')
  assert.deepEqual(await run(), [])

  const again = new Parts(state, resourceTypes, '1')
  const [report] = await again.runner.run({ mode: 'converge', trigger: 'start', orders: [] })
  assert.equal(report?.run.counts.unchanged, 1)
})

test("a plan does not try a third party's apply out, which may write past the host", async (t) => {
  const path = join(await tempDir(t), 'made')
  const eager = `import { writeFileSync } from 'node:fs'
import { defineResource } from 'trivet/resource'
import { z } from 'zod'
export default defineResource({
  type: 'eager',
  summary: '',
  name: z.string(),
  props: z.strictObject({}),
  check: (path, _want, { files }) => (files.stat(path) ? [] : [{ what: 'ensure', from: 'absent', to: 'present' }]),
  apply: (path) => writeFileSync(path, ''),
})`
  const { run } = await agentWith(t, `context.eager('${path}')`, { 'types/eager.ts': eager })
  assert.deepEqual(await run('plan'), [`eager[${path}] would-change`])
  assert(!existsSync(path), 'the plan has written')
  assert.deepEqual(await run(), [`eager[${path}] changed`])
})

test('a type that throws while it is loaded fails its own resources, and no others', async (t) => {
  // Only on a node: the server has to load it first.
  const { dir } = { dir: await tempDir(t) }
  const file = join(dir, 'file')
  const body = `context.tiny('a'); context.tiny('b')`
  const other = `import { defineRecipe } from 'trivet/recipe'\nexport default defineRecipe({ declare({ file }) { file('${file}', { content: 'x' }) } })`
  const role = "import { defineRole } from 'trivet/role'\nexport default defineRole({ recipes: ['web', 'other'] })\n"
  const recipe = { ...webRecipe(body), 'recipes/other/other.ts': other, 'roles/web.ts': role }
  const onNode = `if (!new Error().stack?.includes('types/tiny.ts')) throw new Error('not here')`
  const { run } = await agentWith(t, body, { 'types/tiny.ts': tiny(onNode) }, recipe)
  assert.deepEqual(await run(), [
    'tiny[a] failed: resource type tiny cannot be loaded on this node: not here',
    'tiny[b] skipped: tiny[a] failed before it in recipe web',
    `file[${file}] changed`,
  ])
})

test('code that was damaged on disk is not run, and is fetched anew', async (t) => {
  const { catalog, state, run, parts } = await agentWith(t, "context.tiny('a')", { 'types/tiny.ts': tiny('') })
  const hash = catalog.types?.['tiny']?.sha256 ?? ''
  assert.equal(parts.completeCatalog()?.prepared.length, 1)
  writeFileSync(state.path('blobs', hash.slice(0, 2), hash), tiny("throw new Error('evil')"))
  const [event = ''] = await new Parts(state, resourceTypes, '1').runner
    .run({ mode: 'converge', trigger: 'manual', orders: [] })
    .then(([report]) => report?.events.map(told) ?? [])
  assert.match(event, /^tiny\[a\] failed: resource type tiny cannot be loaded on this node: blob \w+ was damaged/)
  assert.equal(parts.completeCatalog(), undefined)
  assert.deepEqual(await run(), [], 'what was loaded before goes on')
})

test('code that gives no such type, or wants what the agent lacks, says so', async (t) => {
  const { state, parts, catalog } = await agentWith(t, "context.tiny('a')", { 'types/tiny.ts': tiny('') })
  const cases = {
    "module.exports = { default: { type: 'tiny' } }": 'its code gives no resource type tiny',
    "require('trivet/other')": 'it imports trivet/other, which this agent does not have. Is it older than the server?',
    'module.exports = ': 'Unexpected end of input',
  }
  for (const [code, expected] of Object.entries(cases)) {
    const bytes = Buffer.from(code)
    parts.blobs.write(sha256(bytes), bytes)
    const kept = new KeptCatalog(state, resourceTypes, parts.blobs, '1')
    kept.write({ ...catalog, types: { tiny: { sha256: sha256(bytes), bytes: bytes.length } } })
    const want = kept.read()?.prepared[0]?.want
    assert(want instanceof Error && want.message.includes(expected), `${String(want)} does not say: ${expected}`)
  }
})

test('what a type made is taken away by it when the catalog no longer brings the type', async (t) => {
  const path = join(await tempDir(t), 'hello')
  const body = `context.motd('${path}', { text: 'hello' })`
  const { state, run, give } = await agentWith(t, body, { 'types/motd.ts': motd }, cleaningRecipe(body))
  assert.deepEqual(await run(), [`motd[${path}] changed`])

  const without = await catalogOf(t, cleaningRecipe(''))
  assert(!('types' in without.catalog))
  give(without.catalog, without.blobs)
  const anew = new Parts(state, resourceTypes, '1')
  anew.prune(undefined)
  const [report] = await anew.runner.run({ mode: 'converge', trigger: 'start', orders: [] })
  assert.deepEqual(report?.events.map(told), [`remove motd[${path}] changed`])
  assert(!existsSync(path))
})
