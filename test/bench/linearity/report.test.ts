import assert from 'node:assert/strict'
import { test } from 'node:test'
import { figuresOf, markdownOf } from '../../../bench/linearity/report.ts'

const costs = [
  { files: 20_000, resources: 20_000, firstMs: 40_000, residentMs: 300, oneShotMs: 400, peakMb: 200 },
  { files: 1000, resources: 1000, firstMs: 1000, residentMs: 15, oneShotMs: 100, peakMb: 60 },
]

test('what a resource costs stands beside what it costs in the smallest catalog', () => {
  assert.deepEqual(
    figuresOf(costs).map(({ name, value, unit, peer, peerValue, ratio }) => [
      name,
      value,
      unit,
      peer,
      peerValue,
      ratio,
    ]),
    [
      ['a resource of 20,000 files, first converge', 2000, 'µs', 'of 1,000', 1000, 2],
      ['a resource of 20,000 files, nothing to do, resident', 15, 'µs', 'of 1,000', 15, 1],
      ['a resource of 20,000 files, nothing to do, one-shot', 20, 'µs', 'of 1,000', 100, 0.2],
    ],
  )
})

test('of one catalog there is nothing to compare, and the text tells what was measured', () => {
  const machine = { cpu: 'Z80', cores: 1, memoryGiB: 1, kernel: '6.1', versions: {} }
  const one = costs.slice(1)
  assert.deepEqual(figuresOf(one), [])
  assert.match(markdownOf({ machine, costs: one, figures: [] }), /\| 1,000 \| +1000 \| +1000 \| +1000 \| +15 \|/)
})
