import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { api } from '../../../protocol/api.ts'
import type { FeedEvent } from '../../../protocol/api/feed.ts'
import type { ResourceEvent } from '../../../protocol/events.ts'
import { connect, enrol, reportOf } from '../../helpers/fake-agent.ts'
import { serve, type Served } from '../../helpers/test-server.ts'

const changed: ResourceEvent = { id: 'file[/etc/word]', outcome: 'changed', recipe: 'word', durationMs: 1, changes: [] }

const isNew = (event: FeedEvent) => event.type === 'node' && event.node.connected
const isGone = (event: FeedEvent) => event.type === 'node' && /^(archived|revoked)$/.test(event.node.state)

/** What the stream sends, until what is wanted has come. */
async function heard({ client }: Served, after: string | undefined, isLast: (event: FeedEvent) => boolean) {
  const events: FeedEvent[] = []
  const stop = new AbortController()
  for await (const event of client.watch(api.watchFleet, { after }, stop.signal)) {
    events.push(event)
    if (isLast(event)) break
  }
  stop.abort()
  return events
}

async function joined(served: Served) {
  const { keys } = await enrol(served.place, await served.joinToken({ roles: ['word'] }), 'n1')
  const agent = await connect(served.place, keys)
  await agent.next('catalog')
  return agent
}

test('tells an order from its making over the progress of its run to how its node stands then', async (t) => {
  const served = await serve(t)
  const agent = await joined(served)
  const listening = heard(served, undefined, ({ type }) => type === 'reset')
  const [reset] = await listening
  assert.equal(reset?.type, 'reset')
  const listen = heard(served, reset.id, (event) => event.type === 'node' && event.node.state === 'changed')

  const order = await served.client.call(api.createOrder, { all: true })
  const run = randomUUID()
  agent.send({ type: 'started', run, mode: 'converge', orders: [order.id], resources: 2 })
  agent.send({ type: 'progress', run, unchanged: 1, events: [changed] })
  const report = reportOf(run, { outcome: 'changed', orders: [order.id] }, [changed])
  agent.send({ type: 'report', report, clock: Date.now() })

  const events = await listen
  const told = events.filter(({ type }) => type !== 'node').map(tellOf)
  assert.deepEqual(told, [
    `order ${order.id} waiting 1`,
    'progress 0/2',
    `target ${order.id} started`,
    'progress 2/2 file[/etc/word]',
    `run ${run} n1`,
    `target ${order.id} converged`,
  ])
})

test('tells who comes in the midst of a run what it has done so far, until it is over', async (t) => {
  const served = await serve(t)
  const agent = await joined(served)
  const run = randomUUID()
  agent.send({ type: 'started', run, mode: 'converge', orders: [], resources: 3 })
  agent.send({ type: 'progress', run, unchanged: 1, events: [changed] })
  await heard(served, undefined, (event) => event.type === 'progress' && event.done === 2)
  const [reset, progress] = await heard(served, undefined, ({ type }) => type === 'progress')
  assert.equal(reset?.type, 'reset')
  assert.deepEqual(reset.runs, [run])
  assert(progress?.type === 'progress')
  assert.deepEqual([progress.run, progress.done, progress.total, progress.events], [run, 2, 3, [changed]])
  agent.send({ type: 'report', report: reportOf(run, { outcome: 'changed' }, [changed]), clock: Date.now() })
  await agent.next('stored')
  await served.client.call(api.createOrder, { all: true })
  const after = await heard(served, undefined, ({ type }) => type === 'order' || type === 'reset')
  assert.deepEqual(
    after.map(({ type }) => type),
    ['reset'],
  )
})

function tellOf(event: FeedEvent) {
  if (event.type === 'order') return `order ${event.order.id} ${Object.entries(event.order.states).flat().join(' ')}`
  if (event.type === 'progress')
    return [`progress ${event.done}/${event.total}`, ...event.events.map(({ id }) => id)].join(' ')
  if (event.type === 'target') return `target ${event.order} ${event.target.state}`
  if (event.type === 'run') return `run ${event.run.id} ${event.run.node}`
  return event.type
}

test('a stream goes on after the event that was seen last, and begins anew after one that is not known', async (t) => {
  const served = await serve(t)
  const [begin] = await heard(served, undefined, () => true)
  await joined(served)
  const all = await heard(served, begin?.id, isNew)
  assert(!all.some(({ type }) => type === 'reset'))
  assert.deepEqual(await heard(served, begin?.id, isNew), all, 'the same again')
  const last = all.at(-1)?.id
  await served.client.call(api.revokeNode, { node: 'n1' })
  const rest = await heard(served, last, (event) => event.type === 'node' && event.node.state === 'revoked')
  assert(!rest.some(({ id }) => id === last))
  assert.equal((await heard(served, 'gone-17', () => true))[0]?.type, 'reset')
  await served.restart()
  assert.equal((await heard(served, last, () => true))[0]?.type, 'reset')
})

test('a node that leaves the fleet is told as what it is then: archived, or revoked', async (t) => {
  const served = await serve(t)
  await joined(served)
  const [begin] = await heard(served, undefined, () => true)
  await served.client.call(api.archiveNode, { node: 'n1' })
  const event = (await heard(served, begin?.id, isGone)).at(-1)
  assert.equal(event?.type === 'node' && event.node.state, 'archived')
})

test('the first node of an empty fleet is told, too', async (t) => {
  const served = await serve(t)
  const [begin] = await heard(served, undefined, () => true)
  await enrol(served.place, await served.joinToken(), 'n1')
  const events = await heard(served, begin?.id, ({ type }) => type === 'node')
  assert.deepEqual(
    events.map((event) => event.type === 'node' && event.node.name),
    ['n1'],
  )
})
