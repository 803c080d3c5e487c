import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { sha256 } from '../../../protocol/catalog.ts'
import { compile } from '../../../server/compile/compile.ts'
import { SourceError } from '../../../server/sources/errors.ts'
import { hashSources } from '../../../server/sources/files.ts'
import { loadRevision } from '../../../server/sources/revision.ts'
import { clusterOf, nodeOf, sourcesOf, webRecipe } from '../../helpers/sources.ts'

const motd = readFileSync(new URL('../../../docs/examples/types/motd.ts', import.meta.url), 'utf8')
const usesMotd = webRecipe("context.motd('/etc/motd.d/a', { text: 'hello' }); file('/etc/b')")

/** A type `tiny` with these lines in its definition, from line 4 on. */
function tiny(lines: string, before = '') {
  return `import { defineResource } from 'trivet/resource'
import { z } from 'zod'; ${before}
export default defineResource({ type: 'tiny', summary: 's', name: z.string(), check: () => [], apply() {},
${lines} })\n`
}

async function errorsOf(t: TestContext, types: Record<string, string>) {
  const { dirs } = await sourcesOf(t, { ...webRecipe(''), ...types })
  const error = await loadRevision(dirs).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert(error instanceof SourceError, `a SourceError was expected, not ${String(error)}`)
  return error.errors
}

async function compiled(t: TestContext, files: Record<string, string>) {
  const { dirs } = await sourcesOf(t, files)
  const node = nodeOf('n1', ['web'])
  return compile(await loadRevision(dirs), node, clusterOf([node]))
}

test('a type is declared by recipes, and its code is in the catalogs that use it as a blob', async (t) => {
  const result = await compiled(t, {
    ...usesMotd,
    'types/motd.ts': motd,
    'types/tiny.ts': tiny('props: z.strictObject({})'),
  })
  assert(result.status === 'compiled', 'reason' in result ? result.reason : '')
  const { catalog, blobs } = result
  assert.deepEqual(
    catalog.resources.map(({ type, name, props }) => ({ type, name, props })),
    [
      { type: 'motd', name: '/etc/motd.d/a', props: { ensure: 'present', text: 'hello' } },
      { type: 'file', name: '/etc/b', props: { ensure: 'present', backup: true } },
    ],
  )
  assert.deepEqual(Object.keys(catalog.types ?? {}), ['motd'])
  const code = blobs.get(catalog.types?.['motd']?.sha256 ?? '')
  assert.equal(sha256(code ?? ''), catalog.types?.['motd']?.sha256)
  // What the agent has by itself does not travel.
  assert((code?.length ?? Infinity) < 3000, `the code has ${code?.length} bytes`)
})

test('a recipe that uses a type whose file is not there is told what is missing', async (t) => {
  assert.deepEqual(await compiled(t, usesMotd), {
    status: 'error',
    reason:
      'recipes/web/web.ts:5: the recipe threw TypeError: context.motd is not a function. If it is a resource type of yours, its file must be motd.ts in the folder that --types names',
    asked: [],
  })
})

test('a type that is misspelt is told by the nearest that there is', async (t) => {
  const result = await compiled(t, webRecipe("context.fil('/etc/b')"))
  assert(result.status === 'error')
  assert.match(result.reason, /context\.fil is not a function\. Did you mean file\? If it is a resource type of yours/)
})

test('a catalog that uses none names none', async (t) => {
  const result = await compiled(t, { ...webRecipe("file('/etc/b')"), 'types/motd.ts': motd })
  assert(result.status === 'compiled' && !('types' in result.catalog))
})

test('another text of a type is another revision and another catalog', async (t) => {
  const { dirs, write } = await sourcesOf(t, usesMotd)
  const without = await hashSources(dirs)
  const digestOf = async () => {
    const node = nodeOf('n1', ['web'])
    const result = compile(await loadRevision(dirs), node, clusterOf([node]))
    assert(result.status === 'compiled', 'reason' in result ? result.reason : '')
    return result.digest
  }
  await write('types/motd.ts', motd)
  const before = { id: await hashSources(dirs), digest: await digestOf() }
  assert.notEqual(before.id, without)
  await write('types/motd.ts', motd.replace('Ask: ', 'Questions to '))
  assert.notEqual(await hashSources(dirs), before.id)
  assert.notEqual(await digestOf(), before.digest)
})

test('a type may import what Node.js has and helpers beside it, and its own test may lie there', async (t) => {
  const result = await compiled(t, {
    ...webRecipe("context.tiny('x', { up: 'a' })"),
    'types/tiny.ts': tiny(
      'props',
      "import path from 'node:path'; import { props } from './_parts.ts'; path.join('/', 'a')",
    ),
    'types/_parts.ts': "import { z } from 'zod'\nexport const props = z.strictObject({ up: z.string().toUpperCase() })",
    'types/tiny.test.ts': "throw new Error('a test is no type')",
    'types/README.md': 'about types',
  })
  assert(result.status === 'compiled', 'reason' in result ? result.reason : '')
  assert.deepEqual(result.catalog.resources[0]?.props, { up: 'A' })
})

test('what is wrong with a type says where and what to do', async (t) => {
  const cases: Record<string, [name: string, text: string, error: string]> = {
    'a name of ours': [
      'file',
      motd.replace("'motd'", "'file'"),
      'types/file.ts:12:3: Trivet has a resource type file of its own; name yours otherwise',
    ],
    'a word that recipes know': [
      'node',
      motd.replace("'motd'", "'node'"),
      'types/node.ts:12:3: recipes are given node already; name the type otherwise',
    ],
    'a file of another name': [
      'notice',
      motd,
      "types/notice.ts:12:3: its type is 'motd', so its file must be motd.ts; rename one of the two",
    ],
    'no default export': [
      'tiny',
      'export const tiny = 1',
      'types/tiny.ts:1:1: has no resource type as its default export; write export default defineResource({ … })',
    ],
    'a slip of the pen': [
      'tiny',
      tiny('props: z.strictObject({}), effect() {}'),
      'types/tiny.ts:1:1: effect: there is no such setting. Did you mean effects?',
    ],
    'no schema': ['tiny', tiny('props: {}'), 'types/tiny.ts:4:1: props: is no schema by z.strictObject'],
    'a prop that every resource has': [
      'tiny',
      tiny('props: z.strictObject({ audit: z.string() })'),
      'types/tiny.ts:4:25: every resource has audit already; name the prop otherwise',
    ],
    'what throws': [
      'tiny',
      `const one = 1\nthrow new Error('no')\n`,
      'types/tiny.ts:2:7: threw while it was loaded: no',
    ],
    'a package': [
      'tiny',
      "import 'lodash'\n",
      'types/tiny.ts:1:8: cannot import lodash. It may import trivet/resource, zod, node:* and TypeScript files beside it by their relative path.',
    ],
  }
  for (const [what, [name, text, error]] of Object.entries(cases)) {
    assert.deepEqual(await errorsOf(t, { [`types/${name}.ts`]: text }), [error], what)
  }
})

test('a type that throws when it is declared breaks the nodes that use it, and says where', async (t) => {
  const text = tiny('props: z.strictObject({ a: z.string().refine(() => { throw new Error("oops") }) })')
  const files = { ...webRecipe("context.tiny('x', { a: 'b' })"), 'types/tiny.ts': text }
  assert.deepEqual(await compiled(t, files), {
    status: 'error',
    reason: 'recipes/web/web.ts:5: tiny[x]: its type threw Error: oops, at types/tiny.ts:4',
    asked: [],
  })
})

test('props that JSON cannot carry are refused', async (t) => {
  const text = tiny('props: z.strictObject({ at: z.string().transform((text) => new Set([text])) })')
  const result = await compiled(t, { ...webRecipe("context.tiny('x', { at: '2020-01-01' })"), 'types/tiny.ts': text })
  assert.match(
    'reason' in result ? result.reason : '',
    /^recipes\/web\/web\.ts:5: tiny\[x\]: its type gives props that are others once/,
  )
})

const notifying = (action: string) =>
  webRecipe(`context.tiny('x'); file('/etc/b', { notifies: { ${action}: 'tiny[x]' } })`)

test('what can be notified is known of these types too', async (t) => {
  const text = tiny('props: z.strictObject({}), actions: { ring: async () => {} }')
  assert.equal((await compiled(t, { ...notifying('ring'), 'types/tiny.ts': text })).status, 'compiled')
  const wrong = await compiled(t, { ...notifying('sing'), 'types/tiny.ts': text })
  assert.match(
    'reason' in wrong ? wrong.reason : '',
    /notifies tiny\[x\] to sing, which a tiny cannot do\. Did you mean ring\?/,
  )
})
