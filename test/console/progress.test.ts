import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AllProgress, progressAfter } from '../../console/data/progress.ts'
import type { FeedEvent } from '../../protocol/api/feed.ts'
import { edited, restarted } from '../helpers/lively-fleet.ts'
import { runOf } from '../helpers/records.ts'

type Told = Extract<FeedEvent, { type: 'progress' }>
const began: Told = { id: '1', type: 'progress', node: 'n1', run: 'r1', orders: ['o1'], done: 0, total: 9, events: [] }
const over = (id: string): FeedEvent => ({ id: '4', type: 'run', run: runOf({ id }) })

function after(...events: FeedEvent[]) {
  return events.reduce<AllProgress>(progressAfter, new Map())
}

test('a run gathers what it has done, and stays as it was when it is over', () => {
  const all = after(
    began,
    { ...began, done: 2, events: [edited] },
    { ...began, done: 3, events: [restarted] },
    over('r1'),
  )
  const { done, events, isOver } = all.get('r1') ?? assert.fail()
  assert.deepEqual([done, events, isOver], [3, [edited, restarted], true])
})

test('a stream that begins anew tells all anew', () => {
  const told = { ...began, done: 2, events: [edited] }
  assert.deepEqual(after(told, { id: '5', type: 'reset', runs: [] }, told).get('r1')?.events, [edited])
})

test('of many runs that are over only the last are kept', () => {
  const events = Array.from({ length: 150 }, (_, index): FeedEvent[] => {
    const run = `r${index}`
    return [{ ...began, run }, over(run)]
  })
  const kept = [...after(...events.flat()).keys()]
  assert.deepEqual([kept.length, kept[0], kept.at(-1)], [100, 'r50', 'r149'])
})
