import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { compile } from '../../server/compile/compile.ts'
import { loadRevision } from '../../server/sources/revision.ts'
import { clusterOf, nodeOf } from '../helpers/sources.ts'

// What the page shows as the author's test is one of ours.
await import('../../docs/examples/test/motd.test.ts')

const docs = (path: string) => fileURLToPath(new URL(`../../docs/${path}`, import.meta.url))

test('the page shows the files of the example as they are', () => {
  const page = readFileSync(docs('your-own-type.md'), 'utf8')
  for (const path of ['types/motd.ts', 'test/motd.test.ts', 'recipes/welcome/welcome.ts', 'roles/welcome.ts']) {
    const block = `\`\`\`ts\n${readFileSync(docs(`examples/${path}`), 'utf8')}\`\`\``
    assert(page.includes(block), `docs/your-own-type.md shows another docs/examples/${path} than there is`)
  }
})

test('the example loads and compiles', async () => {
  const node = nodeOf('n1', ['welcome'], { attributes: { 'welcome.contact': 'Ada' } })
  const dirs = { recipes: docs('examples/recipes'), roles: docs('examples/roles'), types: docs('examples/types') }
  const compiled = compile(await loadRevision(dirs), node, clusterOf([node]))
  assert(compiled.status === 'compiled', 'reason' in compiled ? compiled.reason : '')
  assert.deepEqual(
    compiled.catalog.resources.map(({ type, name, props }) => ({ type, name, props })),
    [
      {
        type: 'motd',
        name: '/etc/motd.d/trivet',
        props: {
          ensure: 'present',
          text: 'n1 is kept as its roles say. What you change by hand will not last.',
          contact: 'Ada',
        },
      },
    ],
  )
})

test('what the page says a type may import from trivet/resource is there', async () => {
  const page = readFileSync(docs('your-own-type.md'), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| `') && !line.includes('| types '))
  const names = rows.flatMap((row) =>
    [...(row.split(' | ')[0] ?? '').matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
  )
  const given = await import('../../resources/resource.ts')
  assert(names.length > 15)
  assert.deepEqual(
    names.filter((name) => !(name in given)),
    [],
  )
})
