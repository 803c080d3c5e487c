import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Catalog, digestOf } from '../../../protocol/catalog.ts'
import { AttributeError } from '../../../server/compile/attribute-schema.ts'
import { attributeKeys, validateAttribute } from '../../../server/compile/attributes.ts'
import { compile } from '../../../server/compile/compile.ts'
import { clusterOf, nodeOf, revisionOf, webRecipe } from '../../helpers/sources.ts'

async function compileBody(t: TestContext, body: string, files: Record<string, string> = {}) {
  const revision = await revisionOf(t, { ...webRecipe(body), ...files })
  const node = nodeOf('n1', ['web'])
  return compile(revision, node, clusterOf([node]))
}

async function compiledBody(t: TestContext, body: string, files: Record<string, string> = {}) {
  const compiled = await compileBody(t, body, files)
  assert(compiled.status === 'compiled', compiled.status === 'compiled' ? '' : compiled.reason)
  return compiled
}

async function reasonOf(t: TestContext, body: string, files: Record<string, string> = {}) {
  const compiled = await compileBody(t, body, files)
  assert(compiled.status === 'error', `an error was expected, it is ${compiled.status}`)
  return compiled.reason
}

test('a catalog is what the recipe declared, with defaults filled in and the line of each declaration', async (t) => {
  const { catalog, blobs } = await compiledBody(
    t,
    "pkg('nginx')\n\nfile('/etc/nginx.conf', { content: 'x\\n', mode: '0600', notifies: { reload: 'service[nginx]' }, retries: 2, sensitive: true })\nservice('nginx', { running: true, requires: ['pkg[nginx]'] })",
  )
  assert.deepEqual(Catalog.parse(JSON.parse(JSON.stringify(catalog))).resources, [
    {
      type: 'pkg',
      name: 'nginx',
      recipe: 'web',
      declaredAt: 'recipes/web/web.ts:5',
      props: { ensure: 'present' },
      notifies: [],
    },
    {
      type: 'file',
      name: '/etc/nginx.conf',
      recipe: 'web',
      declaredAt: 'recipes/web/web.ts:7',
      props: { ensure: 'present', content: { sha256: [...blobs.keys()][0], bytes: 2 }, mode: '0600', backup: true },
      notifies: [{ action: 'reload', target: 'service[nginx]' }],
      retries: 2,
      sensitive: true,
    },
    {
      type: 'service',
      name: 'nginx',
      recipe: 'web',
      declaredAt: 'recipes/web/web.ts:8',
      props: { running: true, settleMs: 1000 },
      notifies: [],
      requires: ['pkg[nginx]'],
    },
  ])
  assert.equal(String([...blobs.values()][0]), 'x\n')
})

test('text, templates and sources become blobs', async (t) => {
  const body =
    "file('/a', { content: text('a') }); file('/b', { content: template('b.njk', { b: 'b' }) }); file('/c', { content: source('c.bin') })"
  const { blobs } = await compiledBody(t, body, { 'recipes/web/b.njk': 'is {{ b }}\n', 'recipes/web/c.bin': '\0c' })
  assert.deepEqual([...blobs.values()].map(String), ['a', 'is b\n', '\0c'])
})

test('the same inputs give the same digest, other inputs another', async (t) => {
  const digests = new Set<string>()
  for (const content of ['a', 'a', 'b'])
    digests.add((await compiledBody(t, `file('/a', { content: '${content}' })`)).digest)
  assert.equal(digests.size, 2)
})

test('a declaration in a loop and in a helper is told by the line where it stands', async (t) => {
  const files = { 'recipes/web/helper.ts': "export function more(file: (name: string) => void) {\n  file('/h')\n}" }
  const text = webRecipe("['/a', '/b'].forEach((name) => file(name))\nmore(file)")['recipes/web/web.ts'] ?? ''
  const { catalog } = await compiledBody(t, '', {
    ...files,
    'recipes/web/web.ts': `import { more } from './helper.ts'; ${text}`,
  })
  assert.deepEqual(
    catalog.resources.map(({ name, declaredAt }) => [name, declaredAt]),
    [
      ['/a', 'recipes/web/web.ts:5'],
      ['/b', 'recipes/web/web.ts:5'],
      ['/h', 'recipes/web/helper.ts:2'],
    ],
  )
})

const recipeOf = (name: string) =>
  `import { defineRecipe } from 'trivet/recipe'\nexport default defineRecipe({ declare({ file }) { file('/${name}') } })`
const roleOf = (recipes: string[]) =>
  `import { defineRole } from 'trivet/role'\nexport default defineRole({ recipes: ${JSON.stringify(recipes)} })`

test('a recipe that two roles list runs once, in the place of the first', async (t) => {
  const revision = await revisionOf(t, {
    'recipes/a/a.ts': recipeOf('a'),
    'recipes/b/b.ts': recipeOf('b'),
    'recipes/c/c.ts': recipeOf('c'),
    'roles/one.ts': roleOf(['b', 'a']),
    'roles/two.ts': roleOf(['a', 'c', 'b']),
  })
  const node = nodeOf('n1', ['one', 'two'])
  const compiled = compile(revision, node, clusterOf([node]))
  assert.deepEqual(compiled.status === 'compiled' && compiled.catalog.resources.map(({ name }) => name), [
    '/b',
    '/a',
    '/c',
  ])
})

test('what is wrong with a sensitive resource is told without its value', async (t) => {
  const body = `context.user('ann', { shell: 'my secret', sensitive: true })
    file('/a', { content: 5, sensitive: true })
    file('/b', { content: 5 })
    context.remote_file('/c', { url: 'https://192.0.2.1/' })
    file('/d', { ensure: 'presnt' })`
  const compiled = await compileBody(t, body)
  assert.deepEqual('reason' in compiled && compiled.reason.split('\n').map((line) => line.replace(/^\S+ /, '')), [
    'user[ann]: shell: must be an absolute path without `..`, `//` or a slash at the end, such as /etc/motd',
    'file[/a]: content: must be text, or what template() or source() gives',
    'file[/b]: content: must be text, or what template() or source() gives, not the number 5',
    'remote_file[/c]: sha256: is missing; it must be text',
    'file[/d]: ensure: must be one of present, absent, not "presnt". Did you mean present?',
  ])
})

test('a node without roles is unassigned, one without facts is pending', async (t) => {
  const revision = await revisionOf(t, webRecipe(''))
  const unassigned = compile(revision, nodeOf('n1', []), clusterOf([]))
  assert.deepEqual(unassigned, {
    status: 'unassigned',
    reason: 'node n1 has no roles; give it some by trivet node assign n1 ROLE',
    catalog: { node: 'n1', resources: [] },
    digest: digestOf({ node: 'n1', resources: [] }),
    asked: [],
  })
  const pending = compile(revision, nodeOf('n1', ['web'], { facts: null }), clusterOf([]))
  assert.deepEqual(pending, { status: 'pending', reason: 'node n1 has not sent its facts yet', asked: [] })
})

test('a role that is not there is an error that says what was meant', async (t) => {
  const revision = await revisionOf(t, webRecipe(''))
  assert.deepEqual(compile(revision, nodeOf('n1', ['wbe']), clusterOf([])), {
    status: 'error',
    reason: 'node n1 has role wbe, but there is no such role. Did you mean web?',
    asked: [],
  })
})

test('wrong props are told with line, resource and prop, all at once', async (t) => {
  const body = [
    "file('/a', { mode: 644 })",
    "file('/b', { mod: '0644', notfies: {} })",
    "service('x', { running: 'yes', retries: -1 })",
    "file('relative')",
    "pkg('-o=x')",
    "service('m', { masked: true, running: true })",
    "exec('each time', { argv: ['true'] })",
    "file('/c', { content: { sha256: 'x', bytes: 1 } })",
    "file('/d', { notifies: { restart: 'nginx' } })",
  ].join('\n')
  assert.deepEqual((await reasonOf(t, body)).split('\n'), [
    "recipes/web/web.ts:5: file[/a]: mode: must be text of four octal digits, such as '0644', not the number 644",
    'recipes/web/web.ts:6: file[/b]: has no prop mod. Did you mean mode? has no prop notfies. Did you mean notifies?',
    'recipes/web/web.ts:7: service[x]: running: must be true or false, not "yes"',
    'recipes/web/web.ts:7: service[x]: retries: must be at least 0, not the number -1',
    'recipes/web/web.ts:8: file[relative]: its name must be an absolute path without `..`, `//` or a slash at the end, such as /etc/motd',
    'recipes/web/web.ts:9: pkg[-o=x]: its name must be the name of a Debian package, such as haproxy or libc6:i386',
    'recipes/web/web.ts:10: service[m]: a masked service can be neither running nor enabled',
    'recipes/web/web.ts:11: exec[each time]: would run each time. Say when there is nothing to do: creates, onlyIf, unless or refreshOnly.',
    'recipes/web/web.ts:12: file[/c]: content.sha256: must be hexadecimal digits, not "x"',
    'recipes/web/web.ts:12: file[/c]: content.sha256: must have exactly 64 characters',
    'recipes/web/web.ts:13: file[/d]: notifies.restart: must be text such as service[web], not "nginx"',
  ])
})

test('two declarations of one thing name both places', async (t) => {
  assert.equal(
    await reasonOf(t, "file('/a')\nfile('/b')\nfile('/a')"),
    'recipes/web/web.ts:7: file[/a]: is declared already, at recipes/web/web.ts:5; declare it in one place',
  )
})

test('a notification to nothing says what there is', async (t) => {
  assert.equal(
    await reasonOf(t, "service('nginx')\nfile('/a', { notifies: { reload: 'service[ngnix]' } })"),
    'recipes/web/web.ts:6: file[/a] notifies service[ngnix], which this node does not have. Of type service it has: service[nginx]. Did you mean service[nginx]?',
  )
  assert.equal(
    await reasonOf(t, "file('/a', { notifies: { reload: 'service[x]' } })"),
    'recipes/web/web.ts:5: file[/a] notifies service[x], which this node does not have. Of type service it has: none.',
  )
})

test('a notification that its target cannot do says what it can', async (t) => {
  assert.equal(
    await reasonOf(t, "service('nginx')\nfile('/a', { notifies: { relaod: ['service[nginx]'] } })"),
    'recipes/web/web.ts:6: file[/a] notifies service[nginx] to relaod, which a service cannot do. Did you mean reload?',
  )
  assert.match(
    await reasonOf(t, "file('/a', { notifies: { restart: 'file[/a]' } })"),
    /which a file cannot do\. There is none\.$/,
  )
})

test('a notification may go to what comes later, a requirement may not', async (t) => {
  await compiledBody(t, "file('/a', { notifies: { restart: 'service[x]' } })\nservice('x')")
  assert.equal(
    await reasonOf(t, "file('/a', { requires: ['service[x]'] })\nservice('x')"),
    'recipes/web/web.ts:5: file[/a] requires service[x], which comes after it, at recipes/web/web.ts:6; declare that first',
  )
  assert.match(
    await reasonOf(t, "file('/a', { requires: ['service[x]'] })"),
    /^recipes\/web\/web\.ts:5: file\[\/a\] requires service\[x\], which this node does not have/,
  )
})

test('an undefined template variable is told with the lines of template and recipe', async (t) => {
  const reason = await reasonOf(t, "file('/a', { content: template('a.njk', { one: 1 }) })", {
    'recipes/web/a.njk': '{{ one }}\n{{ two }}',
  })
  assert.equal(reason, 'recipes/web/web.ts:5: recipes/web/a.njk:2: two is undefined')
})

test('a template or source that is not there says what was meant', async (t) => {
  const files = { 'recipes/web/app.njk': '' }
  assert.equal(
    await reasonOf(t, "template('ap.njk')", files),
    'recipes/web/web.ts:5: there is no template ap.njk beside the recipe. Did you mean app.njk?',
  )
  assert.equal(
    await reasonOf(t, "\nsource('x.bin')"),
    'recipes/web/web.ts:6: there is no file x.bin beside the recipe. There is none.',
  )
})

test('a recipe that throws is told with the line that threw', async (t) => {
  assert.equal(
    await reasonOf(t, "file('/a')\nconst peer = cluster.withRole('nobody')[0]\nfile('/b', { content: peer.address })"),
    "recipes/web/web.ts:7: the recipe threw TypeError: Cannot read properties of undefined (reading 'address')",
  )
})

test('a recipe that waits is refused', async (t) => {
  const text = (webRecipe('')['recipes/web/web.ts'] ?? '').replace('declare(', 'async declare(')
  assert.equal(
    await reasonOf(t, '', { 'recipes/web/web.ts': text }),
    'recipes/web/web.ts:1: declare is async; a recipe cannot wait for anything',
  )
})

for (const [what, attributes] of Object.entries({
  throws: "path: z.string().default('a').transform((s) => s.split('/')[1]!.length)",
  'is async': "path: z.string().default('a').refine(async () => true)",
}))
  test(`attributes whose schema ${what} are an error of their recipe, and hide no other`, async (t) => {
    const revision = await revisionOf(t, webRecipe("file('/a')", attributes))
    const node = nodeOf('n1', ['web'], { attributes: { 'web.path': 'b' } })
    const compiled = compile(revision, node, clusterOf([node]))
    assert(compiled.status === 'error')
    assert.match(compiled.reason, /recipes\/web\/web\.ts.*(TypeError|Promise)/)
    assert.deepEqual(Object.keys(attributeKeys(revision, 'web')), ['web.path'])
    assert.throws(() => validateAttribute(revision, 'web.path', 'b'), AttributeError)
  })

test('what cannot be made text is an error of its recipe when it is thrown', async (t) => {
  const reason = await reasonOf(t, 'throw { toString() { throw new Error() } }')
  assert.match(reason, /^recipes\/web\/web\.ts:\d+: the recipe threw something that cannot be shown$/)
})

test('an async declare that rejects is told as async, and its rejection ends nothing', async (t) => {
  const rejected: unknown[] = []
  const note = (reason: unknown) => void rejected.push(reason)
  process.on('unhandledRejection', note)
  t.after(() => process.off('unhandledRejection', note))
  assert.match(await reasonOf(t, 'return Promise.reject(new Error("late"))'), /declare is async/)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(rejected, [])
})
