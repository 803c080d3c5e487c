import assert from 'node:assert/strict'
import { test } from 'node:test'
import { percentile, rounded, shown, spreadOf } from '../../bench/statistics.ts'

test('the median is the middle one, whatever the order of the values', () => {
  assert.deepEqual(spreadOf([9, 1, 100]), { median: 9, min: 1, max: 100 })
})

test('of an even number of values the median lies halfway between the two in the middle', () => {
  assert.deepEqual(spreadOf([4, 1, 2, 9]), { median: 3, min: 1, max: 9 })
})

test('one value is its own spread', () => {
  assert.deepEqual(spreadOf([7.5]), { median: 7.5, min: 7.5, max: 7.5 })
})

test('nothing measured is an error, not a figure', () => {
  assert.throws(() => spreadOf([]), /nothing was measured/)
})

test('figures keep three digits', () => {
  assert.deepEqual([1234.5, 12.345, 0.012345].map(rounded), [1230, 12.3, 0.0123])
})

test('a percentile is a value that was measured, which so many do not exceed', () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index)
  assert.deepEqual(
    [percentile(values, 50), percentile(values, 99), percentile(values, 100), percentile([7], 99)],
    [100, 198, 200, 7],
  )
  assert.throws(() => percentile([], 99), /nothing was measured/)
})

test('a table shows what was not measured as a dash, and thousands in full', () => {
  assert.deepEqual([undefined, 12.345, 1234.5].map(shown), ['-', '12.3', '1235'])
})
