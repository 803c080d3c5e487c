import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from '../../../server/compile/compile.ts'
import { answersChanged, type NodeInput } from '../../../server/compile/inputs.ts'
import { catalogOf } from '../../helpers/catalog.ts'
import { clusterOf, factsOf, nodeOf, revisionOf, webRecipe } from '../../helpers/sources.ts'

const lines =
  "const peers = cluster.withRole('web')\nfile('/peers', { content: peers.map(({ name, address, ordinal }) => [name, address, ordinal].join(' ')).join('\\n') })"

test('peers come by name with address and ordinal, this node among them; those without facts do not', async (t) => {
  const revision = await revisionOf(t, webRecipe(lines))
  const nodes = [
    nodeOf('n3', ['web']),
    nodeOf('n1', ['web']),
    nodeOf('n2', ['db']),
    nodeOf('n4', ['web'], { facts: null }),
  ]
  const compiled = compile(revision, nodeOf('n1', ['web']), clusterOf(nodes, { n3: 1, n1: 7 }))
  assert(compiled.status === 'compiled')
  assert.equal(String([...compiled.blobs.values()][0]), 'n1 10.0.0.1 7\nn3 10.0.0.3 1')
})

test('with too few nodes it is pending and says who is there', async (t) => {
  const revision = await revisionOf(t, webRecipe("cluster.withRole('web', { atLeast: 3 })\nfile('/a')"))
  const reasonWith = (names: string[]) => {
    const nodes = names.map((name) => nodeOf(name, ['web']))
    const compiled = compile(revision, nodeOf('n1', ['web']), clusterOf(nodes))
    return compiled.status === 'pending' ? compiled.reason : compiled.status
  }
  assert.equal(
    reasonWith(['n1']),
    'role web: recipe web needs 3 nodes with role web in cluster default; there are 1 (n1)',
  )
  assert.equal(
    reasonWith(['n2', 'n1']),
    'role web: recipe web needs 3 nodes with role web in cluster default; there are 2 (n1, n2)',
  )
  assert.equal(reasonWith(['n1', 'n2', 'n3']), 'compiled')
})

test('a mistake is told rather than that the node is pending', async (t) => {
  const revision = await revisionOf(t, webRecipe("file('a')\ncluster.withRole('web', { atLeast: 3 })"))
  assert.equal(compile(revision, nodeOf('n1', ['web']), clusterOf([])).status, 'error')
})

test('an ordinal is that of the store, and an error without the role', async (t) => {
  const node = nodeOf('n1', ['web'])
  const own = await revisionOf(t, webRecipe("file('/id', { content: String(cluster.ordinal('web')) })"))
  const compiled = compile(own, node, clusterOf([node], { n1: 4 }))
  assert(compiled.status === 'compiled')
  assert.equal(String([...compiled.blobs.values()][0]), '4')

  const other = compile(await revisionOf(t, webRecipe("cluster.ordinal('db')")), node, clusterOf([node]))
  assert.equal(
    other.status === 'error' && other.reason,
    'recipes/web/web.ts:5: node n1 has no ordinal in role db, for it does not have that role',
  )
})

test('what was asked can be asked again, and only an answer that differs counts', async (t) => {
  const revision = await revisionOf(t, webRecipe(`${lines}\ncluster.ordinal('web')`))
  const node = nodeOf('n1', ['web'])
  const { asked } = compile(revision, node, clusterOf([node]))
  assert.deepEqual(
    asked.map(({ question }) => question),
    ['{"withRole":"web"}', '{"ordinal":"n1","role":"web"}'],
  )

  assert.equal(answersChanged(asked, clusterOf([node])), false)
  assert.equal(answersChanged(asked, clusterOf([node, nodeOf('n2', ['db'])])), false)
  assert.equal(answersChanged(asked, clusterOf([node, nodeOf('n2', ['web'])])), true)
  assert.equal(answersChanged(asked, clusterOf([node], { n1: 2 })), true)
  const moved = nodeOf('n1', ['web'], { facts: factsOf('n1', '10.9.9.9') })
  assert.equal(answersChanged(asked, clusterOf([moved])), true)
})

test('what a pending node asked is kept, so that it is compiled when the answer changes', async (t) => {
  const revision = await revisionOf(t, webRecipe("cluster.withRole('db', { atLeast: 1 })"))
  const node = nodeOf('n1', ['web'])
  const { asked } = compile(revision, node, clusterOf([node]))
  assert.equal(answersChanged(asked, clusterOf([node, nodeOf('n2', ['db'])])), true)
})

const withAccess = (text: string) => text.replace('const { attributes,', 'const { attributes, attributesOf, refuse,')

test('attributesOf gives what another recipe gets on this node, which need not have it, and refuse says why a node cannot be', async (t) => {
  const own = webRecipe("file('/text', { content: String(attributesOf('db').port) })")
  const db = `import { defineRecipe } from 'trivet/recipe'
import { z } from 'zod'
export default defineRecipe({ attributes: z.strictObject({ port: z.int().default(5432) }), declare() {} })
`
  const files = { ...own, 'recipes/db/db.ts': db }
  const revision = (body?: string) => {
    const web = body === undefined ? files : { ...files, ...webRecipe(body) }
    return revisionOf(t, { ...web, 'recipes/web/web.ts': withAccess(web['recipes/web/web.ts']) })
  }
  const compiled = async (node: NodeInput, body?: string) => compile(await revision(body), node, clusterOf([node]))
  const text = async (node: NodeInput) => catalogOf(await compiled(node)).text('file[/text]')
  assert.equal(await text(nodeOf('n1', ['web'])), '5432')
  assert.equal(
    await text(nodeOf('n1', ['web'], { clusterAttributes: { 'db.port': 1 }, attributes: { 'db.port': 2 } })),
    '2',
  )
  const reason = async (node: NodeInput, body?: string) => {
    const found = await compiled(node, body)
    return found.status === 'error' ? found.reason : found.status
  }
  assert.equal(
    await reason(nodeOf('n1', ['web'], { attributes: { 'db.port': 'x' } })),
    'recipes/db/db.ts: attribute db.port: must be a number, not "x" (set by node n1)',
  )
  assert.match(
    await reason(nodeOf('n1', ['web']), "attributesOf('dp')"),
    /web\.ts:5: there is no recipe dp\. Did you mean db\?/,
  )
  assert.equal(await reason(nodeOf('n1', ['web']), "refuse('it cannot be')"), 'recipes/web/web.ts:5: it cannot be')
})
