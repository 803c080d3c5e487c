import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { progressTo } from '../../../agent/runs/progress.ts'
import type { ResourceEvent } from '../../../protocol/events.ts'
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

test('of a run that nobody ordered nothing is told', (t) => {
  const { progress, told } = begun(t, [])
  progress.event(changed('file[/a]'))
  t.mock.timers.tick(100)
  progress.flush()
  assert.deepEqual(told(), [])
})

function begun(t: TestContext, orders: string[]) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const sent: AgentMessage[] = []
  const progress = progressTo((message) => sent.push(message))
  progress.started({ id: run, mode: 'converge', trigger: 'order', orders, catalog: null, startedAt: 0 }, 4)
  /** Of each message how many were unchanged, and whose events it has. */
  const told = () =>
    sent.flatMap((message) =>
      message.type === 'progress' ? [[message.unchanged, ...message.events.map(({ id }) => id)]] : [],
    )
  return { progress, told }
}

function changed(id: ResourceEvent['id']): ResourceEvent {
  return { outcome: 'changed', id, recipe: 'word', durationMs: 1, changes: [] }
}

function unchanged(id: ResourceEvent['id']): ResourceEvent {
  return { outcome: 'unchanged', id, recipe: 'word', durationMs: 1 }
}
