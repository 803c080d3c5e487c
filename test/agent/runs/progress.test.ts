import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Progress } from '../../../agent/runs/progress.ts'
import type { ResourceEvent, Trigger } from '../../../protocol/events.ts'
import type { AgentMessage } from '../../../protocol/messages.ts'

const run = '8a1f4a4e-3f0c-4a70-9c15-0a5f6dd9a001'

test('the first event of a run is told at once, and those right after it together', (t) => {
  const { progress, told } = begun(t, ['order-1'])
  progress.event(changed('file[/a]'))
  assert.deepEqual(told(), [[0, 'file[/a]']])
  progress.event(changed('file[/b]'))
  progress.event(unchanged('file[/c]'))
  progress.event(changed('file[/d]'))
  t.mock.timers.tick(99)
  assert.equal(told().length, 1)
  t.mock.timers.tick(1)
  assert.deepEqual(told().slice(1), [[1, 'file[/b]', 'file[/d]']])
})

test('an event after a pause is told at once again', (t) => {
  const { progress, told } = begun(t, ['order-1'])
  progress.event(changed('file[/a]'))
  t.mock.timers.tick(100)
  progress.event(changed('file[/b]'))
  assert.deepEqual(told(), [
    [0, 'file[/a]'],
    [0, 'file[/b]'],
  ])
})

test('what is only counted waits for more', (t) => {
  const { progress, told } = begun(t, ['order-1'])
  progress.event(unchanged('file[/a]'))
  progress.event(unchanged('file[/b]'))
  assert.deepEqual(told(), [])
  t.mock.timers.tick(100)
  assert.deepEqual(told(), [[2]])
})

test('the end of a run tells what is left, once, and nothing comes after it', (t) => {
  const { progress, told } = begun(t, ['order-1'])
  progress.event(changed('file[/a]'))
  progress.event(changed('file[/b]'))
  progress.flush()
  progress.flush()
  t.mock.timers.tick(1000)
  assert.deepEqual(told(), [
    [0, 'file[/a]'],
    [0, 'file[/b]'],
  ])
})

test('a run that was ordered is told of as it begins', (t) => {
  const { kinds } = begun(t, ['order-1'])
  assert.deepEqual(kinds(), ['started'])
})

test('of a run that nobody ordered, and that finds nothing that differs, nothing is told', (t) => {
  const { progress, kinds } = begun(t, [])
  for (const id of ['file[/a]', 'file[/b]'] as const) progress.event(unchanged(id))
  t.mock.timers.tick(999)
  progress.flush()
  t.mock.timers.tick(2000)
  assert.deepEqual(kinds(), [])
})

test('a run that nobody ordered is told of at its first difference, with what was found before it', (t) => {
  const { progress, told, kinds } = begun(t, [])
  progress.event(unchanged('file[/a]'))
  t.mock.timers.tick(500)
  progress.event(changed('file[/b]'))
  assert.deepEqual(kinds(), ['started', 'progress'])
  progress.event(changed('file[/c]'))
  progress.flush()
  assert.deepEqual(told(), [
    [1, 'file[/b]'],
    [0, 'file[/c]'],
  ])
  assert.deepEqual(kinds(), ['started', 'progress', 'progress'])
})

test('a run that nobody ordered is told of when it lasts, whatever it finds', (t) => {
  const { progress, told, kinds } = begun(t, [], 'schedule')
  progress.event(unchanged('file[/a]'))
  t.mock.timers.tick(1000)
  assert.deepEqual(kinds(), ['started', 'progress'])
  progress.event(unchanged('file[/b]'))
  t.mock.timers.tick(100)
  assert.deepEqual(told(), [[1], [1]])
})

test('a repair of drift, which has no report where it tells nothing, is told of only with what it tells', (t) => {
  const { progress, kinds } = begun(t, [], 'drift')
  t.mock.timers.tick(5000)
  assert.deepEqual(kinds(), [])
  progress.event(changed('file[/a]'))
  assert.deepEqual(kinds(), ['started', 'progress'])
})

test('what a run did before there was a connection is told when there is one', (t) => {
  const line = { isThere: false }
  const { progress, told, kinds } = begun(t, [], 'start', line)
  progress.event(changed('file[/a]'))
  t.mock.timers.tick(300)
  assert.deepEqual(kinds(), [])
  line.isThere = true
  t.mock.timers.tick(100)
  assert.deepEqual(kinds(), ['started', 'progress'])
  assert.deepEqual(told(), [[0, 'file[/a]']])
})

function begun(t: TestContext, orders: string[], trigger: Trigger = 'order', line = { isThere: true }) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const sent: AgentMessage[] = []
  const progress = new Progress((message) => line.isThere && sent.push(message) > 0)
  progress.started({ id: run, mode: 'converge', trigger, orders, catalog: null, startedAt: 0 }, 4)
  /** Of each message how many were unchanged, and whose events it has. */
  const told = () =>
    sent.flatMap((message) =>
      message.type === 'progress' ? [[message.unchanged, ...message.events.map(({ id }) => id)]] : [],
    )
  const kinds = () => sent.map(({ type }) => type)
  return { progress, told, kinds }
}

function changed(id: ResourceEvent['id']): ResourceEvent {
  return { outcome: 'changed', id, recipe: 'word', durationMs: 1, changes: [] }
}

function unchanged(id: ResourceEvent['id']): ResourceEvent {
  return { outcome: 'unchanged', id, recipe: 'word', durationMs: 1 }
}
