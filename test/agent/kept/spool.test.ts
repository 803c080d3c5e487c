import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Report, ResourceEvent } from '../../../protocol/events.ts'
import { type AgentMessage } from '../../../protocol/messages.ts'
import { maxAgentFrame } from '../../../protocol/limits.ts'
import type { Connection } from '../../../agent/link/connection.ts'
import { Delivery } from '../../../agent/link/delivery.ts'
import { spoolIn } from '../../../agent/kept/spool.ts'
import { tempDir } from '../../helpers/converges.ts'
import { until } from '../tiny.ts'

function report(given: { startedAt?: number; events?: ResourceEvent[]; orders?: string[] } = {}): Report {
  const { startedAt = 1000, events = [], orders = [] } = given
  const counts = { unchanged: 1, changed: 0, wouldChange: 0, unknown: 0, failed: 0, skipped: 0, deferred: 0 }
  return {
    run: {
      id: randomUUID(),
      mode: 'converge',
      trigger: 'manual',
      orders,
      catalog: null,
      startedAt,
      finishedAt: startedAt,
      outcome: 'unchanged',
      counts,
      owed: [],
    },
    events,
  }
}

function change(index: number, given: { diff?: string; error?: string }): ResourceEvent {
  const { diff, error } = given
  const changes = [{ what: 'content', from: 'a', to: 'b', ...(diff === undefined ? {} : { diff }) }]
  const about = { id: `file[/etc/${index}]` as const, recipe: 'main', durationMs: 1, changes }
  return error === undefined ? { outcome: 'changed', ...about } : { outcome: 'failed', ...about, error }
}

const sizeOf = (one: Report) => Buffer.byteLength(JSON.stringify(one))

const frameOf = (one: Report) => Buffer.byteLength(JSON.stringify({ type: 'report', report: one, clock: Date.now() }))

function fakeConnection() {
  const sent: AgentMessage[] = []
  const connection: Connection = {
    send: (message) => sent.push(message),
    close() {},
    minor: () => 0,
    closed: new Promise(() => {}),
  }
  return {
    sent,
    connection,
    runs: () => sent.map((message) => (message.type === 'report' ? message.report.run.id : '')),
  }
}

test('a report stays exactly as it is until it is removed', async (t) => {
  const dir = await tempDir(t)
  const one = report({ events: [change(1, { diff: '+ä' })] })
  spoolIn(dir).add(one)
  const spool = spoolIn(dir)
  const [name = ''] = spool.names()
  assert.deepEqual(spool.read(name), one)
  assert(spool.has(one.run.id))
  assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600)
  spool.remove(one.run.id)
  spool.remove(one.run.id)
  assert.deepEqual([spool.names(), spool.has(one.run.id), spool.read(name)], [[], false, undefined])
})

test('reports go out in the order of their runs, whenever they were spooled', async (t) => {
  const spool = spoolIn(await tempDir(t))
  const [late, early] = [report({ startedAt: 10_000_000_000 }), report({ startedAt: 999 })]
  spool.add(late)
  spool.add(early)
  assert.deepEqual(
    spool.names().map((name) => spool.read(name)?.run.id),
    [early.run.id, late.run.id],
  )
})

test('what is no report is moved aside and keeps no other from going out', async (t) => {
  const dir = await tempDir(t)
  const spool = spoolIn(dir)
  writeFileSync(join(dir, `000000000000001-${randomUUID()}.json`), '{"run":')
  const one = report()
  spool.add(one)
  const { runs, connection } = fakeConnection()
  new Delivery(spool, Date.now).connected(connection)
  assert.deepEqual(runs(), [one.run.id])
  assert.equal(readdirSync(dir).filter((name) => name.endsWith('.damaged')).length, 1)
})

const tooLong: Record<string, ResourceEvent[]> = {
  'by its diffs': Array.from({ length: 1000 }, (_, index) => change(index, { diff: 'x'.repeat(16_000) })),
  'by diffs in letters of several bytes': Array.from({ length: 150 }, (_, index) =>
    change(index, { diff: '語'.repeat(20_000) }),
  ),
  'by its errors': Array.from({ length: 5000 }, (_, index) => change(index, { error: 'e'.repeat(4000) })),
  'by a single error': [change(1, { error: 'e'.repeat(10_000_000) })],
  'by the mere number of its events': Array.from({ length: 120_000 }, (_, index) => change(index, { error: 'no' })),
}
for (const [why, events] of Object.entries(tooLong)) {
  test(`a report that is too long for a frame ${why} is shortened until it fits, and says so`, async (t) => {
    const spool = spoolIn(await tempDir(t))
    const one = report({ events })
    assert(frameOf(one) > maxAgentFrame)
    spool.add(one)
    const kept = spool.read(spool.names()[0] ?? '')
    assert(kept)
    assert(frameOf(kept) <= maxAgentFrame, String(frameOf(kept)))
    assert.equal(kept.run.id, one.run.id)
    assert.match(JSON.stringify(kept), /too long/)
    assert(kept.events.length > 0)
  })
}

test('one report is sent at a time, the next when the server has stored it, and again on a new connection until then', async (t) => {
  const spool = spoolIn(await tempDir(t))
  const delivery = new Delivery(spool, Date.now)
  const [first, second] = [report({ startedAt: 1 }), report({ startedAt: 2 })]
  for (const one of [first, second]) {
    spool.add(one)
    delivery.add(one)
  }
  const before = fakeConnection()
  delivery.connected(before.connection)
  assert.deepEqual(before.runs(), [first.run.id])
  delivery.connected(undefined)

  const after = fakeConnection()
  delivery.connected(after.connection)
  delivery.stored(first.run.id)
  assert.deepEqual(after.runs(), [first.run.id, second.run.id])
  assert.equal(delivery.waiting, 1)
  delivery.stored(second.run.id)
  assert.deepEqual([delivery.waiting, spool.names()], [0, []])
})

test('a report that no disk would take goes out all the same, and fits a frame', async (t) => {
  const delivery = new Delivery(spoolIn(await tempDir(t)), Date.now)
  const one = report({ events: tooLong['by its errors'] ?? [] })
  delivery.add(one)
  assert.equal(delivery.waiting, 1)
  const { sent, connection } = fakeConnection()
  delivery.connected(connection)
  assert.equal(sent.length, 1)
  assert(Buffer.byteLength(JSON.stringify(sent[0])) <= maxAgentFrame)
  delivery.stored(one.run.id)
  assert.equal(delivery.waiting, 0)
})

test('the server hears how much waits beside the report that it gets', async (t) => {
  const spool = spoolIn(await tempDir(t))
  const delivery = new Delivery(spool, Date.now)
  const [first, second] = [report({ startedAt: 1 }), report({ startedAt: 2, events: [change(1, { diff: '+ä' })] })]
  for (const one of [first, second]) spool.add(one)
  assert.equal(delivery.spoolBytes, sizeOf(first) + sizeOf(second))
  const { sent, connection } = fakeConnection()
  delivery.connected(connection)
  delivery.stored(first.run.id)
  assert.deepEqual(
    sent.map((message) => message.type === 'report' && message.spoolBytes),
    [sizeOf(second), 0],
  )
})

test('an order whose report still waits is known to be answered', async (t) => {
  const spool = spoolIn(await tempDir(t))
  const delivery = new Delivery(spool, Date.now)
  const [spooled, unspooled] = [report({ orders: ['o1'] }), report({ orders: ['o2', 'o3'] })]
  spool.add(spooled)
  delivery.add(spooled)
  delivery.add(unspooled)
  assert.deepEqual(
    ['o1', 'o2', 'o3', 'o4'].map((order) => delivery.answers(order)),
    [true, true, true, false],
  )
})

test('reports of other processes on this node go out too', async (t) => {
  const dir = await tempDir(t)
  const delivery = new Delivery(spoolIn(dir), Date.now)
  const { runs, connection } = fakeConnection()
  delivery.connected(connection)
  const watching = delivery.watch(() => {})
  t.after(() => watching.close())
  const one = report()
  spoolIn(dir).add(one)
  await until('the report is sent', () => runs().length > 0)
  assert.deepEqual(runs(), [one.run.id])
})
