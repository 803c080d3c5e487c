import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serveApi } from '../helpers/api-server.ts'
import { tempDir } from '../helpers/converges.ts'
import { factsOf } from '../helpers/fake-agent.ts'
import { nodeOf, runOf } from '../helpers/records.ts'
import { trivet } from '../helpers/trivet.ts'

const now = runOf({}).finishedAt + 180_000
const nodes = [
  nodeOf('db-1', { roles: ['db'], cluster: 'blue' }),
  nodeOf('web-1', { roles: ['web'] }),
  nodeOf('web-2', { roles: ['web'], connected: false, state: 'failed' }),
]

test('node list takes names, patterns and filters, and shows the columns that are asked for', async (t) => {
  const { login } = await serveApi(t, { 'GET /api/nodes': nodes, 'GET /api/nodes?state=failed': nodes.slice(2) })
  const given = { home: await tempDir(t), login, now }
  const listed = async (...args: string[]) =>
    (await trivet(['node', 'list', ...args, '--columns', 'node'], given)).stdout.trim().split('\n').slice(1)
  assert.deepEqual(await listed('web-*'), ['web-1', 'web-2'])
  assert.deepEqual(await listed('db-1,web-2'), ['db-1', 'web-2'])
  assert.deepEqual(await listed('role:web+is:offline'), ['web-2'])
  assert.deepEqual(await listed('cluster:blue,state:failed'), ['db-1', 'web-2'])
  assert.deepEqual(await listed('*', '--state', 'failed'), ['web-2'])
  const { stdout } = await trivet(['node', 'list', 'web-1', '--columns', 'state,node,last-run'], given)
  assert.equal(stdout, 'STATE      NODE   LAST RUN\nunchanged  web-1  3m ago\n')
  const lines = (await trivet(['node', 'list', '--jsonl'], given)).stdout.trim().split('\n')
  assert.deepEqual(
    lines.map((line): unknown => JSON.parse(line)),
    nodes,
  )
})

test('node list shows the beginning of a long reason in a line, node show and JSON all of it', async (t) => {
  const reason = `It cannot be compiled:\n${'x'.repeat(900)}`
  const node = nodeOf('web-1', { state: 'failed', reason })
  const detail = { id: 'i', createdAt: now, lastSeenAt: null, facts: null, attributes: {}, ordinals: {}, catalog: null }
  const { login } = await serveApi(t, { 'GET /api/nodes': [node], 'GET /api/nodes/web-1': { ...node, ...detail } })
  const home = await tempDir(t)
  const said = async (...words: string[]) => (await trivet(words, { home, login })).stdout
  const shown = `It cannot be compiled: ${'x'.repeat(76)}…`
  assert.equal(shown.length, 100)
  assert.equal(await said('node', 'list', '--columns', 'node,why'), `NODE   WHY\nweb-1  ${shown}\n`)
  assert.equal(JSON.parse(await said('node', 'list', '--json'))[0].reason, reason)
  assert((await said('node', 'show', 'web-1')).includes('x'.repeat(900)))
})

test('node list --inventory is what Ansible reads, without nodes that nobody has approved', async (t) => {
  const facts = factsOf('web-1', { cpus: 8 })
  const inventoried = [
    { ...nodeOf('db-1', { roles: [], cluster: 'blue', address: null }), facts: null },
    nodeOf('new-1', { roles: ['web'], awaitsApproval: true }),
    { ...nodeOf('web-1', { roles: ['web', 'log-sink'], address: '10.0.0.7' }), facts, attributes: { 'web.port': 80 } },
  ]
  const { login } = await serveApi(t, { 'GET /api/nodes?facts=true&attributes=true': inventoried })
  const given = { home: await tempDir(t), login, now }
  const { stdout } = await trivet(['node', 'list', '--inventory', '--attributes'], given)
  const known = { trivet_state: 'unchanged', trivet_connected: true }
  assert.deepEqual(JSON.parse(stdout), {
    _meta: {
      hostvars: {
        'db-1': { trivet_node: 'db-1', trivet_cluster: 'blue', trivet_roles: [], ...known },
        'web-1': {
          ansible_host: '10.0.0.7',
          trivet_node: 'web-1',
          trivet_cluster: 'default',
          trivet_roles: ['web', 'log-sink'],
          ...known,
          trivet_facts: facts,
          trivet_attributes: { 'web.port': 80 },
        },
      },
    },
    all: { hosts: ['db-1', 'web-1'], children: ['cluster_blue', 'cluster_default', 'role_web', 'role_log_sink'] },
    cluster_blue: { hosts: ['db-1'] },
    cluster_default: { hosts: ['web-1'] },
    role_web: { hosts: ['web-1'] },
    role_log_sink: { hosts: ['web-1'] },
  })
  for (const flag of ['--attributes', '--facts']) {
    const { exitCode, stderr } = await trivet(['node', 'list', flag], given)
    assert.match(stderr, /say --json, --jsonl or --inventory/)
    assert.equal(exitCode, 2)
  }
})

test('what is no node, filter or column is answered with the nearest one', async (t) => {
  const { login } = await serveApi(t, { 'GET /api/nodes': nodes })
  const given = { home: await tempDir(t), login, now }
  const cases: [string[], number, RegExp][] = [
    [['web-3'], 1, /There is no node web-3\. Did you mean web-1\?/],
    [['state:faild'], 2, /there is no state:faild; did you mean state:failed\?/],
    [['is:offlin'], 2, /did you mean is:offline\?/],
    [['rol:web'], 2, /there is no filter rol:/],
    [['--columns', 'nod'], 2, /--columns: there is no column nod; did you mean node\?/],
  ]
  for (const [args, code, message] of cases) {
    const { exitCode, stderr } = await trivet(['node', 'list', ...args], given)
    assert.match(stderr, message)
    assert.equal(exitCode, code)
  }
})

test('roles are given to all nodes that are meant; those that nobody named are asked about first', async (t) => {
  const { login, asked } = await serveApi(t, {
    'GET /api/nodes': nodes,
    ...Object.fromEntries(
      ['web-1', 'web-2'].flatMap((name) => [
        [
          `GET /api/nodes/${name}`,
          {
            ...nodeOf(name),
            id: '1',
            createdAt: now,
            lastSeenAt: null,
            facts: null,
            attributes: {},
            ordinals: {},
            catalog: null,
          },
        ],
        [`POST /api/nodes/${name}/roles`, nodeOf(name, { roles: ['web', 'base'] })],
      ]),
    ),
  })
  const given = { home: await tempDir(t), login, now }
  const args = ['node', 'assign', 'role:web', 'base']
  const writes = () => asked.filter(({ call }) => call.startsWith('POST')).map(({ call }) => call)

  const unasked = await trivet(args, given)
  assert.match(unasked.stderr, /no terminal to ask on; say --yes/)
  assert.equal(unasked.exitCode, 2)
  assert.equal((await trivet(args, { ...given, answer: false })).exitCode, 1)
  assert.deepEqual(writes(), [])

  const { exitCode, stderr } = await trivet([...args, '--yes'], given)
  assert.equal(exitCode, 0, stderr)
  assert.deepEqual(writes().toSorted(), ['POST /api/nodes/web-1/roles', 'POST /api/nodes/web-2/roles'])
  assert.match(stderr, /web-2 has the roles web, base/)
})

test('what fails for one node is done for the others all the same', async (t) => {
  const { login, asked } = await serveApi(t, {
    'GET /api/nodes': nodes,
    'PUT /api/nodes/web-2/attributes/web.port': { nodes: ['web-2'], revision: 2 },
  })
  const given = { home: await tempDir(t), login, now }
  const { exitCode, stderr } = await trivet(['node', 'set', 'web-1,web-2', 'web.port', '80'], given)
  assert.equal(exitCode, 1)
  assert.match(stderr, /web-1: There is no PUT/)
  assert(asked.some(({ call }) => call === 'PUT /api/nodes/web-2/attributes/web.port'))
})

test('who did not wait to be approved is not said to be approved', async (t) => {
  const { login } = await serveApi(t, {
    'POST /api/nodes/web-1/approve': { ...nodeOf('web-1'), waited: true },
    'POST /api/nodes/web-2/approve': { ...nodeOf('web-2'), waited: false },
  })
  const { stderr, exitCode } = await trivet(['node', 'approve', 'web-1,web-2'], { home: await tempDir(t), login })
  const lines = stderr.trimEnd().split('\n').toSorted()
  assert.deepEqual(lines, ['web-1 is approved.', 'web-2 was not waiting to be approved; nothing was done.'])
  assert.equal(exitCode, 0)
})

const answer = (name: string) => ({ nodes: [name], revision: 2 })

test('what is set for several nodes is one JSON document, and for one its answer', async (t) => {
  const { login } = await serveApi(t, {
    'PUT /api/nodes/web-1/attributes/web.port': answer('web-1'),
    'PUT /api/nodes/web-2/attributes/web.port': answer('web-2'),
  })
  const given = { home: await tempDir(t), login }
  const set = async (names: string): Promise<unknown> =>
    JSON.parse((await trivet(['node', 'set', names, 'web.port', '80', '--json'], given)).stdout)
  assert.deepEqual(await set('web-1'), answer('web-1'))
  assert.deepEqual(new Set([await set('web-1,web-2')].flat()), new Set([answer('web-1'), answer('web-2')]))
})
