import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { blobsOf } from '../../../agent/kept/blobs.ts'
import { sha256 } from '../../../protocol/catalog.ts'
import { compile } from '../../../server/compile/compile.ts'
import { clusterOf, nodeOf, revisionOf, webRecipe } from '../../helpers/sources.ts'

async function compiled(t: TestContext, body: string, files: Record<string, string> = {}) {
  const recipe = `const { line, json_edit, folder, cron } = context\n${body}`
  const revision = await revisionOf(t, { ...webRecipe(recipe), ...files })
  const node = nodeOf('n1', ['web'])
  return compile(revision, node, clusterOf([node]))
}

async function catalogOf(t: TestContext, body: string, files: Record<string, string> = {}) {
  const result = await compiled(t, body, files)
  assert(result.status === 'compiled', 'reason' in result ? result.reason : '')
  return result
}

async function reasonOf(t: TestContext, body: string, files: Record<string, string> = {}) {
  const result = await compiled(t, body, files)
  assert(result.status === 'error', `an error was expected, it is ${result.status}`)
  return result.reason
}

test('a part of a file that another resource gives as a whole is refused, with both places', async (t) => {
  const wrong = "line('/etc/x#a', { line: 'a' })\njson_edit('/etc/y#/a', { value: 1 })\nfile('/etc/x', { content: '' })"
  assert.equal(
    await reasonOf(t, wrong),
    'recipes/web/web.ts:6: line[/etc/x#a] changes a part of /etc/x, which file[/etc/x] gives as a whole, at recipes/web/web.ts:8; say it there, or leave the content to one of the two',
  )
  const gone = "file('/etc/x', { ensure: 'absent' })\nline('/etc/x#a', { line: 'a' })"
  assert.match(
    await reasonOf(t, gone),
    /web\.ts:7: line\[\/etc\/x#a\] changes a part of \/etc\/x, which file\[\/etc\/x\]/,
  )
  await catalogOf(
    t,
    "file('/etc/x', { mode: '0600' })\nline('/etc/x#a', { line: 'a' })\nline('/etc/x#b', { line: 'b' })",
  )
})

test('a file that two resources give as a whole is refused', async (t) => {
  const twice = "file('/srv/site/a.html', { content: '' })\ndirectory('/srv/site', { content: folder('site') })"
  assert.match(
    await reasonOf(t, twice, { 'recipes/web/site/a.html': 'a' }),
    /web\.ts:7: directory\[\/srv\/site\] gives all of \/srv\/site\/a\.html, which file\[\/srv\/site\/a\.html\] gives as a whole/,
  )
  const job = "cron('x', { schedule: '* * * * *', command: 'x' })\nfile('/etc/cron.d/x', { content: '' })"
  assert.match(await reasonOf(t, job), /file\[\/etc\/cron\.d\/x\] gives all of \/etc\/cron\.d\/x, which cron\[x\]/)
  const linked = "const { link } = context\nfile('/etc/x', { content: '' })\nlink('/etc/x', { target: 'y' })"
  assert.match(await reasonOf(t, linked), /link\[\/etc\/x\] gives all of \/etc\/x, which file\[\/etc\/x\]/)
})

test('two names of one machine are refused, and two time zones', async (t) => {
  const names = "context.hostname('n1')\ncontext.hostname('n2')"
  assert.match(await reasonOf(t, names), /hostname\[n2\] gives all of \/etc\/hostname, which hostname\[n1\]/)
  const zones = "context.timezone('UTC')\ncontext.timezone('Europe/Lisbon')"
  assert.match(
    await reasonOf(t, zones),
    /timezone\[Europe\/Lisbon\] gives all of \/etc\/localtime, which timezone\[UTC\]/,
  )
})

test('a directory that is purged is told what the other resources manage in it', async (t) => {
  const body = `directory('/etc/m', { purge: true, keep: ['zk'] })
directory('/etc/m/sub', {})
file('/etc/m/quorum', { content: '2' })
line('/etc/m/sub2/x#a', { line: 'a' })
file('/etc/more', { content: '' })
directory('/etc/plain', {})
file('/etc/plain/x', {})`
  const { catalog } = await catalogOf(t, body)
  const propsOf = (name: string) => catalog.resources.find((one) => one.name === name)?.props
  assert.deepEqual(propsOf('/etc/m')?.['keep'], ['quorum', 'sub', 'sub2/x', 'zk'])
  assert.equal(propsOf('/etc/plain')?.['keep'], undefined)
})

test('folder gives what lies in a folder beside the recipe, and the node gets those bytes', async (t) => {
  const files = {
    'recipes/web/site/a.html': 'a\n',
    'recipes/web/site/css/b.css': 'b\n',
    'recipes/web/site/helper.ts': 'export {}\n',
    'recipes/web/site2/c': 'c\n',
  }
  const { catalog, blobs } = await catalogOf(t, "directory('/srv/site', { content: folder('site') })", files)
  const content = { 'a.html': 'a\n', 'css/b.css': 'b\n' }
  const expected = Object.entries(content).map(([path, text]) => [path, { sha256: sha256(text), bytes: 2 }])
  assert.deepEqual(catalog.resources[0]?.props['content'], Object.fromEntries(expected))
  assert.deepEqual([...blobsOf(catalog.resources, undefined).keys()], Object.values(content).map(sha256))
  for (const text of Object.values(content)) assert.equal(blobs.get(sha256(text))?.toString(), text)
})

test('folder says which folders there are', async (t) => {
  const files = { 'recipes/web/site/css/b.css': '' }
  assert.match(
    await reasonOf(t, "folder('sites')", files),
    /web\.ts:6: there is no folder sites with files beside the recipe\. Did you mean site\?/,
  )
  assert.match(await reasonOf(t, "folder('x')", files), /There is: site, site\/css\./)
  assert.match(await reasonOf(t, "folder('x')"), /There is none\./)
})
