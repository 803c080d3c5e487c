import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partsOf, topOf } from '../../console/plots/days.ts'
import { heatOf } from '../../console/plots/heat.ts'

test('the axis ends at a round number that is not below the most', () => {
  assert.deepEqual([0, 3, 5, 9, 11, 41, 100, 812].map(topOf), [4, 4, 6, 10, 20, 60, 100, 1000])
})

test('the parts of a bar stand on each other, in one order, and what is none is left out', () => {
  assert.deepEqual(partsOf({ at: 0, counts: { failed: 1, unchanged: 2 } }, 4), [
    { outcome: 'unchanged', count: 2, from: 0, to: 0.5 },
    { outcome: 'failed', count: 1, from: 0.5, to: 0.75 },
  ])
})

function hour(day: number, at: number) {
  return new Date(2026, 0, day, at).getTime()
}

test('each hour is as warm as it has runs, and tells its failures', () => {
  const now = new Date(2026, 0, 5, 12, 30).getTime()
  const bars = [
    { at: hour(5, 3), counts: { unchanged: 90, failed: 8, interrupted: 2 } },
    { at: hour(4, 23), counts: { changed: 1 } },
  ]
  const days = heatOf(bars, 2, now)
  assert.deepEqual(
    days.map(({ at }) => at),
    [hour(4, 0), hour(5, 0)],
  )
  assert.deepEqual(days[1]?.hours[3], {
    at: hour(5, 3),
    count: 100,
    failed: 10,
    warmth: 4,
    outcomes: '90 unchanged, 2 interrupted, 8 failed',
  })
  assert.deepEqual(days[0]?.hours[23], { at: hour(4, 23), count: 1, failed: 0, warmth: 1, outcomes: '1 changed' })
  assert.equal(days[0]?.hours[0]?.warmth, 0)
})
