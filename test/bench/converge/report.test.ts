import assert from 'node:assert/strict'
import { test } from 'node:test'
import { figuresOf, markdownOf } from '../../../bench/converge/report.ts'
import type { Measurement } from '../../../bench/converge/rounds.ts'

function measured(work: string, name: string, median: number, task = 'nothing to do'): Measurement {
  return { work, task, name, runs: 7, wallMs: { median, min: median, max: median } }
}

const measurements = [
  measured('W1', 'trivet-agent converge', 100),
  measured('W1', 'cf-agent', 400),
  measured('W1', 'Node.js limit, cold', 50),
  measured('W1', 'trivet-agent, resident', 15),
  measured('W1', 'Node.js limit, warm', 10),
  measured('W1', 'Node.js limit, in a row', 5),
  measured('W5', 'cf-agent', 55),
  measured('W3', 'trivet-agent converge', 500, 'first converge'),
  measured('W3', 'puppet apply', 8000, 'first converge'),
]

test('each of ours stands beside the peers of its own work and the limit of its own kind', () => {
  const figures = figuresOf(measurements).map(({ name, peer, ratio }) => [name, peer, ratio])
  assert.deepEqual(figures, [
    ['W1 nothing to do, one-shot', 'cf-agent', 0.25],
    ['W1 nothing to do, one-shot', 'Node.js limit, cold', 2],
    ['W1 nothing to do, resident', 'cf-agent', 0.0375],
    ['W1 nothing to do, resident', 'Node.js limit, warm', 1.5],
    ['W1 nothing to do, resident', 'Node.js limit, in a row', 3],
    ['W3 first converge, one-shot', 'puppet apply', 0.0625],
  ])
})

test('a figure has just the fields that programs are promised', () => {
  const [figure] = figuresOf(measurements)
  assert.deepEqual(figure, {
    name: 'W1 nothing to do, one-shot',
    value: 100,
    unit: 'ms',
    peer: 'cf-agent',
    peerValue: 400,
    ratio: 0.25,
  })
})

test('the text names the machine, every measurement and every ratio', () => {
  const machine = { cpu: 'Z80', cores: 1, memoryGiB: 1, kernel: '6.1', versions: { Trivet: '0.1.0' } }
  const resident = { rssMb: 50, anonymousMb: 12, peakMb: 70 }
  const children = { runs: 50, started: false }
  const text = markdownOf({ machine, measurements, figures: figuresOf(measurements), children, resident })
  for (const part of [
    '1 cores of Z80',
    'Trivet 0.1.0',
    '| W5 nothing to do: cf-agent',
    '0.0375',
    'In 50 resident runs of W2 with nothing to do the agent started no process.',
    '12 MB of it anonymous',
  ]) {
    assert.ok(text.includes(part), `${part} is missing in ${text}`)
  }
})
