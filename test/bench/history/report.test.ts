import assert from 'node:assert/strict'
import { test } from 'node:test'
import { figuresOf, markdownOf, tooSlow } from '../../../bench/history/report.ts'
import { randomOf, uuidOf } from '../../../bench/history/random.ts'
import { reportAt } from '../../../bench/history/runs.ts'
import { Report } from '../../../protocol/events.ts'

const asked = [
  { name: 'fleet page', limitMs: 100, apiMs: [10, 20, 130], sqlMs: [5, 5, 13], kilobytes: 4 },
  { name: 'nodes', limitMs: 300, apiMs: [10, 20, 299], sqlMs: [5, 5, 13], kilobytes: 4 },
]

test('the 95th percentile stands beside that of plain SQL, and what takes too long is named', () => {
  assert.deepEqual(
    figuresOf(asked).map(({ value, peerValue, ratio }) => [value, peerValue, ratio]),
    [
      [130, 13, 10],
      [299, 13, 23],
    ],
  )
  assert.deepEqual(tooSlow(asked), ['fleet page'])
  const machine = { cpu: 'Z80', cores: 1, memoryGiB: 1, kernel: '6.1', versions: {} }
  const text = markdownOf({ machine, nodes: 10_000, runs: 1_000_000, bytesOfRun: 400, bytesUnchanged: 300, asked })
  assert.match(text, /10,000 nodes, 1,000,000 runs/)
  assert.match(text, /\| fleet page +\| +20 \| +130 \| +130 \| +100 \|/)
})

test('made runs are as agents report them, and the same for the same seed', () => {
  const reports = made(1)
  for (const report of reports) Report.parse(report)
  assert.deepEqual(made(1), reports)
  assert.notDeepEqual(made(2), reports)
  const counted = reports.map(
    ({ run: { counts }, events }) => Object.values(counts).reduce((a, b) => a + b) - events.length,
  )
  assert(counted.every((rest, index) => rest === reports[index]?.run.counts.unchanged))
  assert.notEqual(uuidOf(randomOf(1)), uuidOf(randomOf(2)))
})

function made(seed: number) {
  const random = randomOf(seed)
  return Array.from({ length: 300 }, (_, index) => reportAt(1_000_000 + index, random))
}
