import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import type { NodeSummary } from '../../protocol/views.ts'
import { serveApi } from '../helpers/api-server.ts'
import { tempDir } from '../helpers/converges.ts'
import { nodeOf, runOf } from '../helpers/records.ts'
import { trivet } from '../helpers/trivet.ts'

/** A server whose nodes are these at first, then those of the next list, and so on. */
async function given(t: TestContext, lists: NodeSummary[][], more: Record<string, unknown> = {}) {
  let look = 0
  const nodes = (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ items: lists[Math.min(look++, lists.length - 1)], next: null, total: 2 }))
  }
  const { login } = await serveApi(t, { 'GET /api/nodes': nodes, ...more })
  return { home: await tempDir(t), login }
}

const gate = 'gate[zookeeper has a quorum]'
const pending = nodeOf('m2', { state: 'pending', reason: `${gate}: 1 of 2 needed` })

test('it waits until all that is waited for and owed is done, and says what changes', async (t) => {
  const at = await given(t, [
    [nodeOf('m1', { behind: true }), pending],
    [nodeOf('m1', { owed: ['restart service[zookeeper]'] }), { ...pending, reason: `${gate}: it is open by now` }],
    [nodeOf('m1'), nodeOf('m2', { state: 'changed' })],
  ])
  const { exitCode, stderr } = await trivet(['node', 'wait', '--all'], at)
  assert.equal(exitCode, 0)
  assert.deepEqual(stderr.trim().split('\n'), [
    'm1: has yet to converge to its newest catalog',
    `m2: pending at ${gate}`,
    'm1: owes restart service[zookeeper]',
    'm1: as it should be',
    'm2: as it should be',
  ])
})

test('a node that failed ends it at once, with why', async (t) => {
  const run = runOf({ outcome: 'failed' })
  const event = { outcome: 'failed', id: 'probe[web]', recipe: 'web', durationMs: 1, changes: [], error: 'no answer' }
  const failed = nodeOf('m1', { state: 'failed', lastRun: { id: run.id, outcome: 'failed', finishedAt: 0 } })
  const at = await given(t, [[failed, pending]], { [`GET /api/runs/${run.id}`]: { run, events: [event] } })
  const { exitCode, stderr } = await trivet(['node', 'wait', 'm1', 'm2'], at)
  assert.equal(exitCode, 1)
  assert.match(stderr, /trivet: m1: probe\[web\]: no answer/)
})

test('a node that is disabled for good ends it too, and is not waited for in vain', async (t) => {
  const disabled = { reason: 'a broken disk', by: 'ann', at: 0 }
  const at = await given(t, [[nodeOf('m1', { behind: true, disabled })]])
  const { exitCode, stderr } = await trivet(['node', 'wait', 'm1'], at)
  assert.equal(exitCode, 1)
  assert.match(stderr, /trivet: m1: is disabled by ann: a broken disk\. Next: trivet node enable m1/)
  const asItShouldBe = await given(t, [[nodeOf('m1', { disabled })]])
  assert.equal((await trivet(['node', 'wait', 'm1'], asItShouldBe)).exitCode, 0)
})

test('when its time is over it says what it has waited for', async (t) => {
  const at = await given(t, [[pending]])
  let now = Date.now()
  const clock = {
    ...at,
    get now() {
      return (now += 60_000)
    },
  }
  const { exitCode, stderr } = await trivet(['node', 'wait', 'm2', '--for', '90s'], clock)
  assert.equal(exitCode, 1)
  assert.match(stderr, /waited in vain for m2: pending: gate\[zookeeper has a quorum\]: 1 of 2 needed/)
})

test('who names no node, or one that is not there, is told', async (t) => {
  const at = await given(t, [[nodeOf('m1')]])
  assert.equal((await trivet(['node', 'wait'], at)).exitCode, 2)
  assert.match((await trivet(['node', 'wait', 'm9'], at)).stderr, /there is no node m9/)
})

test('where no node has joined yet there is nothing to wait for, which is told', async (t) => {
  const { exitCode, stderr } = await trivet(['node', 'wait', '--all'], await given(t, [[]]))
  assert.equal(exitCode, 1)
  assert.match(stderr, /no node to wait for: none has joined yet/)
})

test('a server that goes meanwhile and comes again does not end it', async (t) => {
  let look = 0
  const nodes = (response: ServerResponse) => {
    look++
    if (look === 2 || look === 3) return response.destroy()
    response.writeHead(200, { 'content-type': 'application/json' })
    return response.end(JSON.stringify({ items: look === 1 ? [pending] : [nodeOf('m2')], next: null, total: 2 }))
  }
  const { login } = await serveApi(t, { 'GET /api/nodes': nodes })
  const { exitCode, stderr } = await trivet(['node', 'wait', 'm2'], { home: await tempDir(t), login })
  assert.equal(exitCode, 0)
  assert.equal(stderr.match(/Asked again until it answers/g)?.length, 1)
  assert.match(stderr, /m2: as it should be/)
})
