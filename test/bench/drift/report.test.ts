import assert from 'node:assert/strict'
import { test } from 'node:test'
import { figuresOf, markdownOf } from '../../../bench/drift/report.ts'

const found = {
  drifts: [
    { of: 'trivet-agent, 1,000 files', ms: [1, 2, 3, 40], missed: 0 },
    { of: 'trivet-agent, one file', ms: [2, 3, 4], missed: 0 },
    { of: 'mgmt, one file', ms: [1, 1, 8], missed: 2 },
  ],
  bursts: [{ ms: [100, 500, 900], missed: 0, writtenMs: 50 }],
  rests: [{ of: 'mgmt, one file', rssMb: 65, anonymousMb: 15, peakMb: 70, cpu: 6.5 }],
}

test('ours with one file stands beside mgmt with one file', () => {
  assert.deepEqual(
    figuresOf(found).map(({ name, value, peer, peerValue, ratio }) => [name, value, peer, peerValue, ratio]),
    [
      ['one file, median until repaired', 3, 'mgmt', 1, 3],
      ['one file, longest until repaired', 4, 'mgmt', 8, 0.5],
    ],
  )
})

test('what was never repaired is no figure', () => {
  const [many = { of: '', ms: [], missed: 0 }, one = many] = found.drifts
  assert.deepEqual(figuresOf({ ...found, drifts: [many, one, { of: 'mgmt, one file', ms: [], missed: 25 }] }), [])
})

test('the text tells drifts, bursts and what rest costs, and counts what was missed', () => {
  const machine = { cpu: 'Z80', cores: 1, memoryGiB: 1, kernel: '6.1', versions: {} }
  const text = markdownOf({ machine, figures: figuresOf(found), ...found, rest: 20 })
  assert.match(text, /\| mgmt, one file +\| +1 \| +8 \| +8 \| +2 \| +5 \|/)
  assert.match(text, /\| burst 1 +\| +50 \| +500 \| +900 \| +0 \|/)
  assert.match(text, /\| mgmt, one file +\| +65 \| +15 \| +6.5 \|/)
})

test('of drifts that were all missed the text tells just that', () => {
  const machine = { cpu: 'Z80', cores: 1, memoryGiB: 1, kernel: '6.1', versions: {} }
  const drifts = [{ of: 'mgmt, one file', ms: [], missed: 25 }]
  assert.match(
    markdownOf({ machine, figures: [], drifts, bursts: [], rests: [], rest: 20 }),
    /\| mgmt, one file +\| +- \| +- \| +- \| +25 \| +25 \|/,
  )
})
