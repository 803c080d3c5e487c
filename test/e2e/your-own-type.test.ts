import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { whyNoLab } from '../../lab/requirements.ts'
import { until } from '../../lab/run.ts'
import { convergeNode, eventsOf, fleetOfSuite, onNode, roleOf, runsOf } from '../helpers/fleet.ts'

const examples = fileURLToPath(new URL('../../docs/examples', import.meta.url))

/** What docs/your-own-type.md tells a stranger to do. */
describe('a resource type of somebody else, with a server', { skip: whyNoLab() ?? false }, () => {
  const ops = mkdtempSync(join(tmpdir(), 'trivet-ops-'))
  process.on('exit', () => rmSync(ops, { recursive: true }))
  cpSync(examples, ops, { recursive: true })
  for (const [path, text] of Object.entries(roleOf('plain', "file('/etc/plain', { content: 'plain' })"))) {
    mkdirSync(dirname(join(ops, path)), { recursive: true })
    writeFileSync(join(ops, path), text)
  }
  const [recipes, roles, types] = ['recipes', 'roles', 'types'].map((folder) => join(ops, folder))
  assert(recipes && roles && types)
  const fleetUp = fleetOfSuite({ count: 2, recipes, roles, serverFlags: ['--types', types] })

  const edit = (from: string, to: string) => {
    const path = join(types, 'motd.ts')
    const text = readFileSync(path, 'utf8')
    assert(text.includes(from), `types/motd.ts has no ${from}`)
    writeFileSync(path, text.replace(from, to))
  }
  const notice = '/etc/motd.d/trivet'

  test('is planned, made and then as wanted on a node that never heard of it', async () => {
    const fleet = fleetUp()
    const [node] = fleet.lab.nodes
    assert(node)
    await fleet.mustTrivet('recipe', 'check')
    await fleet.mustTrivet('node', 'assign', node.name, 'welcome')
    await until('the notice to be written', async () => (await node.exec(['test', '-e', notice])).exitCode === 0)
    assert.match(await onNode(node, 'cat', notice), new RegExp(`^${node.name} is kept as .*\nAsk: operations$`))
    await until('the run to be reported', async () => (await convergeNode(fleet, node)).exitCode === 0)
    const made = (await runsOf(fleet, node)).filter(({ outcome }) => outcome === 'changed')
    const events = await eventsOf(fleet, made.at(-1)?.id ?? '')
    assert.deepEqual(
      events.map(({ id, outcome }) => `${id} ${outcome}`),
      [`motd[${notice}] changed`],
    )
  })

  test('drift of what it manages is found and mended', async () => {
    const fleet = fleetUp()
    const [node] = fleet.lab.nodes
    assert(node)
    await onNode(node, 'sh', '-c', `echo vandal > ${notice}`)
    assert.equal((await fleet.trivet('plan', node.name, '--detailed-exitcodes')).exitCode, 2)
    assert.equal((await convergeNode(fleet, node)).exitCode, 2)
    assert.equal((await convergeNode(fleet, node)).exitCode, 0)
  })

  test('a change of its file reaches the node by itself, and no node that does not use it', async () => {
    const fleet = fleetUp()
    const [node, other] = fleet.lab.nodes
    assert(node && other)
    await fleet.mustTrivet('node', 'assign', other.name, 'plain')
    await until('the other to be as it should', async () => (await convergeNode(fleet, other)).exitCode === 0)
    const before = await runsOf(fleet, other)
    edit('Ask: ', 'Questions to ')
    await until('the new text', async () => (await onNode(node, 'cat', notice)).endsWith('Questions to operations'))
    assert.deepEqual(await runsOf(fleet, other), before)
  })

  test('one that does not load keeps what is in force, and says where', async () => {
    const fleet = fleetUp()
    const [node] = fleet.lab.nodes
    assert(node)
    edit("type: 'motd'", "type: 'file'")
    const wrong = await fleet.trivet('recipe', 'check')
    assert.equal(wrong.exitCode, 1)
    assert.match(wrong.stdout, /^types\/motd\.ts:12:3: its type is 'file', so its file must be file\.ts/m)
    assert.equal((await convergeNode(fleet, node)).exitCode, 0)
    edit("type: 'file'", "type: 'motd'")
    await fleet.mustTrivet('recipe', 'check')
  })

  test('one that throws on the node fails its own resources, with what it said', async () => {
    const fleet = fleetUp()
    const [node] = fleet.lab.nodes
    assert(node)
    edit(
      'const Props =',
      "if (process.argv[1]?.includes('trivet-agent')) throw new Error('not on this node')\nconst Props =",
    )
    await until('the failure', async () => {
      const [last] = await runsOf(fleet, node)
      return last?.outcome === 'failed' && last
    })
    const [last] = await runsOf(fleet, node)
    const [event] = await eventsOf(fleet, last?.id ?? '')
    assert(event && 'error' in event)
    assert.equal(event.error, 'resource type motd cannot be loaded on this node: not on this node')
  })
})
