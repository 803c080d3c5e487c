import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { TargetState } from '../../protocol/views.ts'
import { serveApi } from '../helpers/api-server.ts'
import { tempDir } from '../helpers/converges.ts'
import { nodeOf, orderOf, targetOf } from '../helpers/records.ts'
import { trivet } from '../helpers/trivet.ts'

const fleet = [
  nodeOf('n1', { agentVersion: '1.0.0', connected: false }),
  nodeOf('n2', { agentVersion: '1.0.0' }),
  nodeOf('n3', { agentVersion: '1.1.0' }),
  nodeOf('n4', { agentVersion: '1.0.0', roles: ['db'] }),
]

/** Runs it against a server on which each order is over at once, so; gives also whom each order was for. */
async function upgrade(t: TestContext, state: TargetState, ...words: string[]) {
  const ended = orderOf([targetOf('n2', { state, reason: state === 'failed' ? '1.1.0 was rolled back' : null })], {
    mode: 'upgrade',
    upgrade: { version: '1.1.0', downgrade: false, patienceMs: 300_000 },
  })
  const { login, asked } = await serveApi(t, {
    'GET /api/nodes': fleet,
    'POST /api/orders': { ...ended, sourceErrors: [] },
  })
  const ran = await trivet(['agent', 'upgrade', ...words], { home: await tempDir(t), login })
  const orders = asked.filter(({ call }) => call === 'POST /api/orders').map(({ body }) => body)
  return { ...ran, orders }
}
const asked = (...nodes: string[]) => ({
  mode: 'upgrade',
  nodes,
  upgrade: { version: '1.1.0', downgrade: false, patienceMs: 300_000 },
  deadlineMs: 1_200_000,
})

test('all are asked but those that have it, connected ones first', async (t) => {
  const { exitCode, orders, stderr } = await upgrade(t, 'converged', '--to', '1.1.0')
  assert.deepEqual(orders, [asked('n2', 'n4', 'n1')])
  assert.match(stderr, /1 node with 1\.1\.0 already\.\nOrdered from 1 node/)
  assert.equal(exitCode, 0)
})

test('a canary that does its work is followed by the others', async (t) => {
  const { exitCode, orders, stdout, stderr } = await upgrade(t, 'converged', '--to', '1.1.0', '--canary', '5%')
  assert.deepEqual(orders, [asked('n2'), asked('n4', 'n1')])
  assert.match(stderr, /First n2\.\n[^]*Then 2 other nodes\./)
  assert.match(stdout, /1 node: 1 upgraded\./)
  assert.equal(exitCode, 0)
})

test('one that does not stops it there', async (t) => {
  const { exitCode, orders, stdout, stderr } = await upgrade(t, 'failed', '--to', '1.1.0', '--canary', '2')
  assert.deepEqual(orders, [asked('n2', 'n4')])
  assert.match(stdout, /n2 +failed +.*1\.1\.0 was rolled back/)
  assert.match(stderr, /1 other node left as they are, without 1\.1\.0\./)
  assert.equal(exitCode, 1)
})

test('nodes are named as everywhere, and what cannot be said is refused', async (t) => {
  const { orders } = await upgrade(t, 'converged', 'role:db+agent:1.0.0', '--to', '1.1.0', '--patience', '20m')
  assert.deepEqual(orders, [
    { ...asked('n4'), upgrade: { ...asked().upgrade, patienceMs: 1_200_000 }, deadlineMs: 2_100_000 },
  ])
  for (const words of [[], ['--to', 'newest'], ['--to', '1.1.0', '--canary', '0'], ['--to', '1.1.0', '--jsonl']]) {
    const { exitCode, orders: none } = await upgrade(t, 'converged', ...words)
    assert.deepEqual([exitCode, none], [2, []], words.join(' '))
  }
  assert.equal((await upgrade(t, 'converged', 'n3', '--to', '1.1.0')).exitCode, 0)
})
