import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import type { ResourceEvent } from '../../protocol/events.ts'
import type { LeaseView } from '../../protocol/views.ts'
import { serveApi } from '../helpers/api-server.ts'
import { tempDir } from '../helpers/converges.ts'
import { countsOf, nodeOf, orderOf, runOf, targetOf } from '../helpers/records.ts'
import { trivet } from '../helpers/trivet.ts'

const now = runOf({}).finishedAt + 180_000
const held: LeaseView = {
  cluster: 'default',
  group: 'zookeeper',
  node: 'm1',
  state: 'held',
  action: 'restart service[zookeeper]',
  since: now - 60_000,
  fence: 7,
  expiresAt: now + 240_000,
  reason: null,
}
const why = 'node m1 holds it since 2026-01-02T03:00:00.000Z'
const waiting: LeaseView = { ...held, node: 'm2', state: 'waiting', fence: null, expiresAt: null, reason: why }

async function given(t: TestContext, answers: Record<string, unknown>) {
  const { login, asked } = await serveApi(t, answers)
  return { home: await tempDir(t), login, now, asked }
}

test('lease list says who holds one, who waits, and why', async (t) => {
  const answers = { 'GET /api/leases': [held, waiting], 'GET /api/leases?cluster=blue': [] }
  const at = await given(t, answers)
  const { stdout } = await trivet(['lease', 'list'], at)
  assert.deepEqual(
    stdout.split('\n').map((line) => line.split(/ {2,}/)),
    [
      ['CLUSTER', 'GROUP', 'NODE', 'STATE', 'ACTION', 'SINCE', 'ENDS', 'WHY'],
      ['default', 'zookeeper', 'm1', 'held', 'restart service[zookeeper]', '1m ago', 'in 4m'],
      ['default', 'zookeeper', 'm2', 'waiting', 'restart service[zookeeper]', '1m ago', why],
      [''],
    ],
  )
  assert.deepEqual(JSON.parse((await trivet(['lease', 'list', '--json'], at)).stdout), [held, waiting])
  const none = await trivet(['lease', 'list', '--cluster', 'blue'], at)
  assert.deepEqual([none.stdout, none.stderr], ['', 'No lease is held, and none is waited for.\n'])
})

test('lease release names group and node', async (t) => {
  const released = { group: 'zookeeper', node: 'm1', fence: 7 }
  const at = await given(t, { 'DELETE /api/leases/zookeeper/m1': released })
  const { stderr, exitCode } = await trivet(['lease', 'release', 'zookeeper', 'm1'], at)
  assert.deepEqual([stderr, exitCode], ['m1 holds no lease of zookeeper any more.\n', 0])
  assert.equal((await trivet(['lease', 'release', 'zookeeper'], at)).exitCode, 2)
})

test('node show has leases and the health of probes', async (t) => {
  const detail = {
    ...nodeOf('m2'),
    id: 'i',
    createdAt: now,
    lastSeenAt: null,
    facts: null,
    attributes: {},
    ordinals: {},
    owed: [],
    catalog: null,
    probes: { 'probe[zookeeper]': null, 'probe[web]': 'connection refused' },
    leases: [waiting],
  }
  const { stdout } = await trivet(['node', 'show', 'm2'], await given(t, { 'GET /api/nodes/m2': detail }))
  assert.match(
    stdout,
    new RegExp(`^leases +zookeeper, for restart service\\[zookeeper\\]: waiting, 1m ago: ${why}$`, 'm'),
  )
  assert.match(stdout, /^probes +probe\[zookeeper\] is well\n +probe\[web\] is not well: connection refused$/m)
})

test('run show says at which gates the node waited', async (t) => {
  const run = runOf({ waits: { 'gate[quorum]': '1 of 2 needed' } })
  const at = await given(t, { 'GET /api/runs/1111': { run, events: [] } })
  assert.match((await trivet(['run', 'show', '1111'], at)).stdout, /^waits +gate\[quorum\]: 1 of 2 needed$/m)
})

test('converge --wait says what was deferred, and why', async (t) => {
  const counts = countsOf({ changed: 1, deferred: 1 })
  const run = runOf({ node: 'm2', counts })
  const deferred: ResourceEvent = {
    outcome: 'deferred',
    id: 'service[zookeeper]',
    action: 'restart',
    recipe: 'zookeeper',
    durationMs: 0,
    reason: `it waits for a lease of group zookeeper: ${why}`,
  }
  const order = orderOf([targetOf('m2', { state: 'converged', run: run.id, outcome: 'changed', counts })])
  const at = await given(t, {
    'POST /api/orders': order,
    [`GET /api/orders/${order.id}/watch`]: (response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(`data: ${JSON.stringify({ type: 'order', order })}\n\n`)
    },
    [`GET /api/runs/${run.id}`]: { run, events: [deferred] },
  })
  const { stdout, exitCode } = await trivet(['converge', 'm2', '--wait'], at)
  assert.match(stdout, /~ deferred +restart service\[zookeeper\]/)
  assert.match(stdout, new RegExp(`it waits for a lease of group zookeeper: ${why}`))
  assert.equal(exitCode, 0)
})
