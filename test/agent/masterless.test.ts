import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { agentCommands } from '../../agent/commands/index.ts'
import { compileHere } from '../../agent/masterless/main.ts'
import { runProgram } from '../../cli/program.ts'
import { resourceTypes } from '../../resources/index.ts'
import { tempDir } from '../helpers/converges.ts'
import { cleaningRecipe, sourcesOf, webRecipe } from '../helpers/sources.ts'

/** `trivet-agent`, as its main.ts runs it. */
async function run(...args: string[]) {
  const said: string[] = []
  const say = (text: string) => void said.push(text)
  const output = {
    json: (value: unknown) => say(JSON.stringify(value)),
    jsonl: () => {},
    table: () => {},
    line: say,
    note: say,
  }
  const exitCode = await runProgram(
    { name: 'trivet-agent', version: '1', summary: '', commands: agentCommands },
    args,
    {
      output,
      interrupted: () => new AbortController().signal,
      upgradeKey: undefined,
      types: resourceTypes,
      version: '1',
      environment: {},
      openLog: () => assert.fail('no daemon here'),
      readInput: async () => '',
      loadBridge: () => assert.fail('no bridge here'),
      compileHere,
    },
  )
  return { exitCode, said: said.join('\n').replace(/ in \d+ ms/, '') }
}

/** `trivet-agent apply` on folders and a state of its own. */
async function agentOn(t: TestContext, files: Record<string, string>) {
  const { dirs, write } = await sourcesOf(t, files)
  const state = join(await tempDir(t), 'state')
  const flags = ['--recipes', dirs.recipes, '--roles', dirs.roles, '--state', state, '--name', 'n1']
  const apply = (...args: string[]) => run('apply', ...flags, ...args)
  return { dirs, state, write, apply, status: (...args: string[]) => run('status', '--state', state, ...args) }
}

/** A role `web` that writes the attribute `text` into the file. */
function writing(path: string) {
  return webRecipe(`file('${path}', { content: attributes.text })`, "text: z.string().default('plain')")
}

test('a machine converges by itself: planned, made, then unchanged, and no report is left', async (t) => {
  const path = join(await tempDir(t), 'file')
  const { apply, state } = await agentOn(t, writing(path))

  const planned = await apply('--role', 'web', '--plan-only', '--detailed-exitcodes')
  assert.equal(planned.exitCode, 2)
  assert.match(planned.said, /would-change file\[.*\n[^]*\+plain/)
  assert(!existsSync(path))

  const hash = /^plan ([0-9a-f]{64})$/m.exec(planned.said)?.[1] ?? ''
  assert.equal((await apply('--role', 'web', '--plan', hash, '--detailed-exitcodes')).exitCode, 2)
  assert.equal(readFileSync(path, 'utf8'), 'plain')
  assert.deepEqual(await apply('--role', 'web', '--detailed-exitcodes'), {
    exitCode: 0,
    said: 'converge: unchanged (1 unchanged)',
  })
  assert.deepEqual(readdirSync(join(state, 'spool')), [])

  const other = await apply('--role', 'web', '--set', 'web.text=other', '--plan', hash)
  assert.equal(other.exitCode, 1)
  assert.match(other.said, /the plan of this node is [0-9a-f]{64} by now, not/)
})

test('what is set on the command line wins, as text or as JSON', async (t) => {
  const path = join(await tempDir(t), 'file')
  const body = `file('${path}', { content: JSON.stringify([attributes, node.name, cluster.withRole('web').map(({ ordinal }) => ordinal), cluster.ordinal('web')]) })`
  const { apply } = await agentOn(t, webRecipe(body, 'text: z.string(), port: z.int(), more: z.array(z.string())'))
  const sets = ['web.text=a=b', 'web.port=80', 'web.more=["x"]'].flatMap((text) => ['--set', text])
  const { exitCode, said } = await apply('--role', 'web', '--role', 'web', ...sets)
  assert.equal(exitCode, 0, said)
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), [{ text: 'a=b', port: 80, more: ['x'] }, 'n1', [1], 1])
})

test('types of your own come along', async (t) => {
  const path = join(await tempDir(t), 'motd.d/hello')
  const motd = readFileSync(new URL('../../docs/examples/types/motd.ts', import.meta.url), 'utf8')
  const files = { ...webRecipe(`context.motd('${path}', { text: 'hello' })`), 'types/motd.ts': motd }
  const { apply, dirs } = await agentOn(t, files)
  const { exitCode, said } = await apply('--role', 'web', '--types', dirs.types)
  assert.equal(exitCode, 0, said)
  assert.equal(readFileSync(path, 'utf8'), 'hello\n')
})

test('what was made and is declared no more is taken away, as with a server', async (t) => {
  const path = join(await tempDir(t), 'file')
  const { apply, write } = await agentOn(t, cleaningRecipe(`file('${path}', { content: 'x' })`))
  assert.equal((await apply('--role', 'web')).exitCode, 0)
  await write('recipes/web/web.ts', cleaningRecipe('')['recipes/web/web.ts'])
  assert.match((await apply('--role', 'web')).said, /remove file\[/)
  assert(!existsSync(path))
})

test('what cannot be compiled is told, and nothing is changed', async (t) => {
  const path = join(await tempDir(t), 'file')
  const { apply, dirs, write } = await agentOn(t, writing(path))
  const cases: [args: string[], exitCode: number, said: RegExp][] = [
    [['--role', 'webb'], 1, /there is no such role\. Did you mean web\?/],
    [[], 2, /--role: say what this machine is to be/],
    [
      ['--role', 'web', '--set', 'web.txt=a', '--set', 'wep.a=1'],
      1,
      /--set web\.txt: there is no such attribute\. Did you mean web\.text\?\n--set wep\.a: there is no recipe wep/,
    ],
    [['--role', 'web', '--set', 'web.text'], 2, /--set: KEY=VALUE, such as web\.port=8080/],
    [['--role', 'web', '--types', `${dirs.types}x`], 2, /--types: there is no /],
    [['--role', 'web', '--plan-only', '--plan', 'a'.repeat(64)], 2, /give one of them/],
  ]
  for (const [args, exitCode, said] of cases) {
    const result = await apply(...args)
    assert.equal(result.exitCode, exitCode, result.said)
    assert.match(result.said, said)
  }
  await write('roles/web.ts', 'export default 1')
  assert.match((await apply('--role', 'web')).said, /^trivet-agent: roles\/web\.ts:1:1: has no role/)
  rmSync(dirs.roles, { recursive: true })
  assert.match((await apply('--role', 'web')).said, /roles: cannot be read \(ENOENT\)/)
  assert(!existsSync(path))
})

test('a machine that has joined a server is refused, and nothing of its state is touched', async (t) => {
  const path = join(await tempDir(t), 'file')
  const { apply, state } = await agentOn(t, writing(path))
  assert.equal((await apply('--role', 'web', '--plan-only')).exitCode, 0)
  const before = readFileSync(join(state, 'catalog.json'), 'utf8')
  const identity = { url: 'https://192.0.2.1:1', ca: '', caSha256: '', node: 'n1', id: 'x' }
  writeFileSync(join(state, 'identity.json'), JSON.stringify(identity))
  const { exitCode, said } = await apply('--role', 'web', '--set', 'web.text=new')
  assert.equal(exitCode, 1)
  assert.match(
    said,
    /has joined https:\/\/192\.0\.2\.1:1 as n1, .*trivet-agent converge\..* --state and another folder than/,
  )
  assert.equal(readFileSync(join(state, 'catalog.json'), 'utf8'), before)
  assert(!existsSync(path))
})

test('status says what a machine without a server was made, and what it could be told', async (t) => {
  const { apply, status } = await agentOn(t, writing(join(await tempDir(t), 'file')))
  const before = await status()
  assert.equal(before.exitCode, 0)
  assert.match(
    before.said,
    /joined no server, and nothing was applied\. Next: trivet-agent join .*\nnode: -\nserver: -\n/,
  )
  await apply('--role', 'web')
  const { exitCode, said } = await status()
  assert.equal(exitCode, 0)
  assert.match(
    said,
    /it is as trivet-agent apply was last told.*\nnode: n1\nserver: -\n[^]*catalog: [0-9a-f]{64}\nresources: 1\nowed: -\n/,
  )
  const { node, server, resources } = JSON.parse((await status('--json')).said)
  assert.deepEqual([node, server, resources], ['n1', null, 1])
})

test('status says what holds a node back', async (t) => {
  const { apply, status, state } = await agentOn(t, writing(join(await tempDir(t), 'file')))
  await apply('--role', 'web')
  assert.match((await status()).said, /\nheldBack: -\n/)
  const path = join(state, 'catalog.json')
  const catalog = JSON.parse(readFileSync(path, 'utf8'))

  writeFileSync(path, JSON.stringify({ ...catalog, audit: true }))
  assert.match((await status()).said, /\nheldBack: this node is only audited\n/)

  writeFileSync(path, JSON.stringify({ ...catalog, audit: true, disabled: { by: 'ada', reason: 'a move' } }))
  assert.match((await status()).said, /\nheldBack: this node is disabled by ada: a move\n/)
})
