import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { attributeKeys, layersOf, validateAttribute } from '../../../server/compile/attributes.ts'
import { compile } from '../../../server/compile/compile.ts'
import type { NodeInput } from '../../../server/compile/inputs.ts'
import { clusterOf, nodeOf, revisionOf, webRecipe } from '../../helpers/sources.ts'

const schema =
  "port: z.int().min(1).default(80), names: z.array(z.string()).default(['a', 'b']), heap: z.strictObject({ min: z.int().default(64), max: z.int().default(512) }).prefault({}), owner: z.string().optional()"

const role = (attributes: string) =>
  `import { defineRole } from 'trivet/role'\nexport default defineRole({ recipes: ['web'], attributes: { web: ${attributes} } })\n`

/** What the recipe was given, as it printed it. */
async function given(
  t: TestContext,
  node: Partial<NodeInput>,
  roles: Record<string, string> = {},
  attributes = schema,
) {
  const revision = await revisionOf(t, {
    ...webRecipe("file('/etc/a', { content: JSON.stringify(attributes) })", attributes),
    ...roles,
  })
  const input = nodeOf('n1', ['web', ...Object.keys(roles).map((path) => path.slice('roles/'.length, -3))], node)
  const compiled = compile(revision, input, clusterOf([input]))
  if (compiled.status !== 'compiled') return compiled.reason
  return JSON.parse(String([...compiled.blobs.values()][0]))
}

const defaults = { port: 80, names: ['a', 'b'], heap: { min: 64, max: 512 } }

test('without any setting the defaults of the recipe hold', async (t) => {
  assert.deepEqual(await given(t, {}), defaults)
})

test('the node wins over the cluster, that over roles, a later role over an earlier', async (t) => {
  const roles = { 'roles/one.ts': role('{ port: 1, owner: "one" }'), 'roles/two.ts': role('{ port: 2 }') }
  assert.deepEqual(await given(t, {}, roles), { ...defaults, port: 2, owner: 'one' })
  assert.deepEqual(await given(t, { clusterAttributes: { 'web.port': 3 } }, roles), {
    ...defaults,
    port: 3,
    owner: 'one',
  })
  const all = { clusterAttributes: { 'web.port': 3 }, attributes: { 'web.port': 4 } }
  assert.deepEqual(await given(t, all, roles), { ...defaults, port: 4, owner: 'one' })
})

test('objects are merged key by key, arrays are replaced', async (t) => {
  const node = { clusterAttributes: { 'web.heap': { max: 9 }, 'web.names': ['c'] }, attributes: { 'web.heap.min': 1 } }
  assert.deepEqual(await given(t, node), { port: 80, names: ['c'], heap: { min: 1, max: 9 } })
})

test('of two settings of one place the one that goes deeper wins', async (t) => {
  const attributes = { 'web.heap.max': 2, 'web.heap': { max: 1, min: 3 } }
  assert.deepEqual(await given(t, { attributes }), { ...defaults, heap: { min: 3, max: 2 } })
})

test('settings of recipes that the node does not run are not its business', async (t) => {
  assert.deepEqual(await given(t, { clusterAttributes: { 'zookeeper.tickTime': 1 } }), defaults)
})

test('an unknown key is an error that names who set it and what was meant', async (t) => {
  assert.equal(
    await given(t, { clusterAttributes: { 'web.prot': 1 } }),
    'recipes/web/web.ts: attribute web.prot: there is no such attribute. Did you mean web.port? (set by cluster default)',
  )
})

test('a wrong value is an error that names who set it', async (t) => {
  assert.equal(
    await given(t, { attributes: { 'web.heap.max': 'much' } }),
    'recipes/web/web.ts: attribute web.heap.max: must be a number, not "much" (set by node n1)',
  )
})

test('a value that only the whole can judge is blamed on who set it', async (t) => {
  const limits = 'port: z.int().default(80), ports: z.array(z.int()).default([])'
  const text = await given(t, { clusterAttributes: { 'web.ports': [1, 'x'] } }, {}, limits)
  assert.equal(text, 'recipes/web/web.ts: attribute web.ports.1: must be a number, not "x" (set by cluster default)')
})

test('an attribute without default that nobody set is an error that says how to set it', async (t) => {
  assert.equal(
    await given(t, {}, {}, 'password: z.string()'),
    'recipes/web/web.ts: attribute web.password is not set: it must be text. Set it in a role, or by trivet node set NODE web.password VALUE',
  )
})

test('keys that would reach a prototype stay plain keys, and are refused', async (t) => {
  const attributes: Record<string, unknown> = JSON.parse(
    '{"web.__proto__.polluted": 1, "web.heap": {"__proto__": {"max": 1}}}',
  )
  const text = await given(t, { attributes })
  assert.match(String(text), /there is no such attribute/)
  assert.equal(Reflect.get({}, 'polluted'), undefined)
})

test('explain shows every layer that says something, weakest first', async (t) => {
  const revision = await revisionOf(t, { ...webRecipe('', schema), 'roles/one.ts': role('{ heap: { max: 7 } }') })
  const node = nodeOf('n1', ['web', 'one'], {
    clusterAttributes: { 'web.heap': { max: 8 } },
    attributes: { 'web.port': 1 },
  })
  assert.deepEqual(layersOf(revision, node, 'web.heap.max'), [
    { layer: 'recipe web', value: 512 },
    { layer: 'role one', value: 7 },
    { layer: 'cluster default', value: 8 },
  ])
  assert.deepEqual(layersOf(revision, node, 'web.heap'), [
    { layer: 'recipe web', value: { min: 64, max: 512 } },
    { layer: 'role one', value: { max: 7 } },
    { layer: 'cluster default', value: { max: 8 } },
  ])
  assert.deepEqual(layersOf(revision, node, 'web.owner'), [])
})

test('setting an attribute checks key and value', async (t) => {
  const revision = await revisionOf(t, webRecipe('', `${schema}, labels: z.record(z.string(), z.int()).default({})`))
  validateAttribute(revision, 'web.port', 8080)
  validateAttribute(revision, 'web.heap', { max: 1 })
  validateAttribute(revision, 'web.labels.rack', 1)
  const refused = {
    'wbe.port': /^there is no recipe wbe\. Did you mean web\?$/,
    'web.prot': /^web\.prot: there is no such attribute\. Did you mean web\.port\?$/,
    'web.port': /^web\.port: must be a number, not "x"$/,
    'web.port.number': /^web\.port\.number: web\.port is one value; nothing lies below it$/,
    'web.heap.mux': /Did you mean web\.heap\.max\?$/,
    'web.labels.rack': /^web\.labels\.rack: must be /,
    'web.constructor': /there is no such attribute/,
  }
  for (const [key, message] of Object.entries(refused)) {
    assert.throws(() => validateAttribute(revision, key, 'x'), { name: 'AttributeError', message })
  }
})

test('the attributes of a recipe are listed by dotted key with their defaults', async (t) => {
  const revision = await revisionOf(t, webRecipe('', schema))
  assert.deepEqual(attributeKeys(revision, 'web'), {
    'web.port': 80,
    'web.names': ['a', 'b'],
    'web.heap.min': 64,
    'web.heap.max': 512,
    'web.owner': undefined,
  })
})
