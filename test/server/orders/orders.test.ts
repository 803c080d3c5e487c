import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { api } from '../../../protocol/api.ts'
import type { ResourceEvent, RunOutcome } from '../../../protocol/events.ts'
import type { OrderUpdate } from '../../../protocol/views.ts'
import { type AgentKey, connect, enrol, reportOf } from '../../helpers/fake-agent.ts'
import { countsOf } from '../../helpers/records.ts'
import { type Served, serve } from '../../helpers/test-server.ts'
import { until } from '../../helpers/until.ts'

async function join({ place, joinToken }: Served, name = 'n1', roles = ['word']) {
  const { keys } = await enrol(place, await joinToken({ roles }), name)
  return keys
}

/** A connected agent that has its catalog. */
async function ready({ place }: Served, keys: AgentKey) {
  const agent = await connect(place, keys)
  await agent.next('catalog')
  return agent
}

type Agent = Awaited<ReturnType<typeof ready>>

function answer(agent: Agent, order: string, outcome: RunOutcome, mode: 'converge' | 'plan' = 'converge') {
  const run = randomUUID()
  agent.send({ type: 'delivered', order })
  agent.send({ type: 'started', run, orders: [order], mode, resources: 1 })
  const error = outcome === 'failed' ? { error: 'no disk' } : {}
  agent.send({ type: 'report', report: reportOf(run, { orders: [order], outcome, mode, ...error }), clock: Date.now() })
  return run
}

/** All updates of an order until its end. */
async function watched({ client }: Served, id: string) {
  const updates: OrderUpdate[] = []
  for await (const update of client.watch(api.watchOrder, { id })) updates.push(update)
  return updates
}

async function finalOf(served: Served, id: string) {
  await watched(served, id)
  const { targets } = await served.client.call(api.readOrder, { id })
  return targets.map(({ node, state, reason }) => ({ node, state, reason }))
}

for (const [outcome, state, mode] of [
  ['unchanged', 'converged', 'converge'],
  ['changed', 'converged', 'converge'],
  ['would-change', 'converged', 'plan'],
  ['failed', 'failed', 'converge'],
] as const)
  test(`an order to ${mode} that ended ${outcome} is ${state}`, async (t) => {
    const served = await serve(t)
    const agent = await ready(served, await join(served))
    const order = await served.client.call(api.createOrder, { mode, nodes: ['n1'] })
    assert.equal((await agent.next('order')).id, order.id)
    const run = answer(agent, order.id, outcome, mode)
    await watched(served, order.id)
    const [target] = (await served.client.call(api.readOrder, { id: order.id })).targets
    assert.deepEqual({ state: target?.state, run: target?.run, outcome: target?.outcome }, { state, run, outcome })
  })

test('an agent that refuses says why', async (t) => {
  const served = await serve(t)
  const agent = await ready(served, await join(served))
  const { id } = await served.client.call(api.createOrder, { all: true })
  await agent.next('order')
  agent.send({ type: 'refused', order: id, reason: 'is paused' })
  assert.deepEqual(await finalOf(served, id), [{ node: 'n1', state: 'refused', reason: 'is paused' }])
})

const hash = 'ab'.repeat(32)

test('a plan tells its hash, and an order by it carries it, again after a restart of the server', async (t) => {
  const served = await serve(t)
  const keys = await join(served)
  const agent = await ready(served, keys)
  const planned = await served.client.call(api.createOrder, { mode: 'plan', nodes: ['n1'] })
  await agent.next('order')
  const report = reportOf(randomUUID(), { mode: 'plan', orders: [planned.id], outcome: 'would-change', plan: hash })
  agent.send({ type: 'report', report, clock: Date.now() })
  await agent.next('stored')
  assert.equal((await served.client.call(api.readOrder, { id: planned.id })).targets[0]?.plan, hash)

  const order = await served.client.call(api.createOrder, { nodes: ['n1'], plan: hash })
  assert.equal(order.plan, hash)
  assert.equal((await agent.next('order')).plan, hash)
  agent.send({ type: 'delivered', order: order.id })
  await served.restart()
  const again = await ready(served, keys)
  assert.equal((await again.next('order')).plan, hash)
})

test('a node whose plan is another by now refuses after it took the order', async (t) => {
  const served = await serve(t)
  const agent = await ready(served, await join(served))
  const { id } = await served.client.call(api.createOrder, { nodes: ['n1'], plan: hash })
  await agent.next('order')
  agent.send({ type: 'delivered', order: id })
  agent.send({ type: 'refused', order: id, reason: 'the plan is another by now' })
  assert.deepEqual(await finalOf(served, id), [{ node: 'n1', state: 'refused', reason: 'the plan is another by now' }])
})

test('a plan is of one node, and to be converged by', async (t) => {
  const served = await serve(t)
  await join(served, 'n1')
  await join(served, 'n2')
  for (const input of [{ nodes: ['n1', 'n2'] }, { all: true as const }, { nodes: ['n1'], mode: 'plan' as const }])
    await assert.rejects(served.client.call(api.createOrder, { ...input, plan: hash }), /A plan is of one node/)
})

test('a node without a catalog refuses at once, with the reason, and others go on', async (t) => {
  const served = await serve(t)
  const [alone, good] = [await join(served, 'n1', ['pair']), await join(served, 'n2')]
  const pending = await connect(served.place, alone)
  await pending.next('no-catalog')
  const agent = await ready(served, good)
  const order = await served.client.call(api.createOrder, { nodes: ['n1', 'n2'] })
  assert.equal(order.targets[0]?.state, 'refused')
  assert.match(order.targets[0]?.reason ?? '', /^pending: .*needs 2 nodes/)
  answer(agent, order.id, 'unchanged')
  assert.equal((await finalOf(served, order.id))[1]?.state, 'converged')
})

test('a waiting node whose catalog goes away refuses then', async (t) => {
  const served = await serve(t)
  const agent = await ready(served, await join(served))
  agent.socket.close()
  await agent.closed
  const { id, targets } = await served.client.call(api.createOrder, { nodes: ['n1'] })
  assert.equal(targets[0]?.state, 'waiting')
  await served.client.call(api.unassignRoles, { node: 'n1', roles: ['word'] })
  assert.equal((await finalOf(served, id))[0]?.state, 'refused')
})

test('a node that is away is unreachable when the time is over', async (t) => {
  const served = await serve(t)
  const agent = await ready(served, await join(served))
  agent.socket.close()
  await agent.closed
  const { id } = await served.client.call(api.createOrder, { nodes: ['n1'], deadlineMs: 1000 })
  assert.equal((await finalOf(served, id))[0]?.state, 'unreachable')
})

test('a node that took the order and says no more is timed out, and a late report changes nothing', async (t) => {
  const served = await serve(t)
  const agent = await ready(served, await join(served))
  const { id } = await served.client.call(api.createOrder, { nodes: ['n1'], deadlineMs: 1000 })
  agent.send({ type: 'delivered', order: id })
  assert.equal((await finalOf(served, id))[0]?.state, 'timed-out')
  answer(agent, id, 'changed')
  await agent.next('stored')
  assert.equal((await finalOf(served, id))[0]?.state, 'timed-out')
})

test('a cancelled order is final at once, and the agent is told', async (t) => {
  const served = await serve(t)
  const agent = await ready(served, await join(served))
  const { id } = await served.client.call(api.createOrder, { nodes: ['n1'] })
  await agent.next('order')
  const { targets } = await served.client.call(api.cancelOrder, { id })
  assert.deepEqual([targets[0]?.state, targets[0]?.reason], ['cancelled', 'cancelled by admin'])
  assert.equal((await agent.next('cancel')).id, id)
})

test('an order that was given while the node was away is delivered when it comes', async (t) => {
  const served = await serve(t)
  const keys = await join(served)
  const { id } = await served.client.call(api.createOrder, { nodes: ['n1'] })
  const agent = await ready(served, keys)
  assert.equal((await agent.next('order')).id, id)
})

test('whoever watches sees the order first, then each step with its events, to the end', async (t) => {
  const served = await serve(t)
  const agent = await ready(served, await join(served))
  const { id } = await served.client.call(api.createOrder, { nodes: ['n1'] })
  const run = randomUUID()
  const seen: string[] = []
  for await (const update of served.client.watch(api.watchOrder, { id })) {
    seen.push(update.type === 'target' ? update.target.state : update.type)
    if (update.type === 'order') agent.send({ type: 'started', run, orders: [id], mode: 'converge', resources: 2 })
    if (update.type === 'target' && update.target.state === 'started')
      agent.send({
        type: 'progress',
        run,
        unchanged: 1,
        events: [],
      })
    if (update.type === 'progress') {
      assert.deepEqual([update.node, update.done, update.total], ['n1', 1, 2])
      agent.send({ type: 'report', report: reportOf(run, { orders: [id] }), clock: Date.now() })
    }
  }
  assert.deepEqual(seen, ['order', 'started', 'progress', 'converged'])
})

const changed: ResourceEvent = { id: 'file[/etc/word]', outcome: 'changed', recipe: 'word', durationMs: 1, changes: [] }

/** Of each update its type, of a target its state, and the resources that it tells. */
function told(updates: OrderUpdate[]) {
  return updates.map((update) => {
    if (update.type === 'progress') return `${update.done}/${update.total} ${update.events.map(({ id }) => id).join()}`
    return update.type === 'target' ? update.target.state : update.type
  })
}

test('who watches in the midst of a run hears what it has done so far, and each thing once', async (t) => {
  const served = await serve(t)
  const agent = await ready(served, await join(served))
  const { id } = await served.client.call(api.createOrder, { nodes: ['n1'] })
  const [run, other] = [randomUUID(), { ...changed, id: 'file[/etc/other]' as const }]
  agent.send({ type: 'started', run, orders: [id], mode: 'converge', resources: 3 })
  agent.send({ type: 'progress', run, unchanged: 1, events: [changed] })
  await until('the run is known', async () => {
    const [target] = (await served.client.call(api.readOrder, { id })).targets
    return target?.state === 'started'
  })
  const updates: OrderUpdate[] = []
  for await (const update of served.client.watch(api.watchOrder, { id })) {
    updates.push(update)
    if (update.type !== 'order') continue
    agent.send({ type: 'progress', run, unchanged: 0, events: [other] })
    const report = reportOf(run, { orders: [id], outcome: 'changed' }, [changed, other])
    agent.send({ type: 'report', report, clock: Date.now() })
  }
  assert.deepEqual(told(updates), ['2/3 file[/etc/word]', 'order', '3/3 file[/etc/other]', 'converged'])
})

test('who watches after a run is over hears what it did, and the end', async (t) => {
  const served = await serve(t)
  const agent = await ready(served, await join(served))
  const { id } = await served.client.call(api.createOrder, { nodes: ['n1'] })
  const run = randomUUID()
  agent.send({ type: 'started', run, orders: [id], mode: 'converge', resources: 3 })
  agent.send({ type: 'progress', run, unchanged: 2, events: [changed] })
  const counts = countsOf({ changed: 1, unchanged: 2 })
  const report = reportOf(run, { orders: [id], outcome: 'changed', counts }, [changed])
  agent.send({ type: 'report', report, clock: Date.now() })
  await agent.next('stored')
  assert.deepEqual(told(await watched(served, id)), ['3/3 file[/etc/word]', 'order'])
})

test('an agent cannot finish an order of another node', async (t) => {
  const served = await serve(t)
  const [one, two] = [await join(served, 'n1'), await join(served, 'n2')]
  const [mine, other] = [await ready(served, one), await ready(served, two)]
  const { id } = await served.client.call(api.createOrder, { nodes: ['n1'] })
  await mine.next('order')
  answer(other, id, 'changed')
  await other.next('stored')
  const { targets } = await served.client.call(api.readOrder, { id })
  assert.equal(targets[0]?.state, 'waiting')
})

test('an order outlives a restart of the server and is given again to the node', async (t) => {
  const served = await serve(t)
  const keys = await join(served)
  const agent = await ready(served, keys)
  const { id } = await served.client.call(api.createOrder, { nodes: ['n1'], deadlineMs: 60_000 })
  await agent.next('order')
  agent.send({ type: 'delivered', order: id })
  await served.restart()
  assert.equal((await agent.closed).code, 1001)
  const again = await ready(served, keys)
  assert.equal((await again.next('order')).id, id)
  answer(again, id, 'changed')
  assert.equal((await finalOf(served, id))[0]?.state, 'converged')
})

test('a deadline runs on over a restart of the server', async (t) => {
  const served = await serve(t)
  const agent = await ready(served, await join(served))
  const { id } = await served.client.call(api.createOrder, { nodes: ['n1'], deadlineMs: 1000 })
  agent.send({ type: 'delivered', order: id })
  await served.restart()
  assert.equal((await finalOf(served, id))[0]?.state, 'timed-out')
})

test('whoever watches is let go when the server stops', async (t) => {
  const served = await serve(t)
  await join(served)
  const { id } = await served.client.call(api.createOrder, { nodes: ['n1'] })
  const seen: string[] = []
  for await (const update of served.client.watch(api.watchOrder, { id })) {
    seen.push(update.type)
    await served.restart()
  }
  assert.deepEqual(seen, ['order'])
})
