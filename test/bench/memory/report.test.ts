import assert from 'node:assert/strict'
import { test } from 'node:test'
import { figuresOf, type Grown, markdownOf } from '../../../bench/memory/report.ts'

function grown(from: number, to: number, median: number): Grown {
  return { from, to, rssMb: { median, min: median - 4, max: median + 4 }, anonymousMb: median / 2, peakMb: median + 5 }
}

const series = [grown(1, 100, 60), grown(101, 200, 66), grown(201, 300, 63)]

test('the last runs stand beside the first, by their medians', () => {
  assert.deepEqual(
    figuresOf(series).map(({ name, value, peer, peerValue, ratio }) => [name, value, peer, peerValue, ratio]),
    [
      ['resident in runs 201 to 300', 63, 'in runs 1 to 100', 60, 1.05],
      ['anonymous in runs 201 to 300', 31.5, 'in runs 1 to 100', 30, 1.05],
    ],
  )
})

test('the text tells how long it rested, what it held and how it grew', () => {
  const machine = { cpu: 'Z80', cores: 1, memoryGiB: 1, kernel: '6.1', versions: {} }
  const rests = [{ set: 'W5', task: 'nothing to do', rssMb: 50, anonymousMb: 12, peakMb: 55 }]
  const text = markdownOf({ machine, figures: figuresOf(series), rest: 20, rests, grown: series })
  assert.match(text, /\| 20 s after the first run \|/)
  assert.match(text, /\| W5 nothing to do +\| +50 \| +12 \| +55 \|/)
  assert.match(text, /\| runs 101 to 200 +\| +66 \| +62 \| +70 \| +33 \| +71 \|/)
})
