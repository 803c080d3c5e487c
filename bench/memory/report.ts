import { describeMachine, type Figure, figureOf, figuresTable, type Machine } from '../figures.ts'
import { markdownTable } from '../markdown.ts'
import type { Memory } from '../process.ts'
import { shown, type Spread } from '../statistics.ts'

/** What the agent holds some time after its first run, and the most that it held until then. */
export interface Rest extends Memory {
  set: string
  task: string
}

/** What it held after each of some runs. */
export interface Grown {
  from: number
  to: number
  rssMb: Spread
  anonymousMb: number
  /** The most that it ever held until then. */
  peakMb: number
}

export function figuresOf(grown: Grown[]): Figure[] {
  const [first, last] = [grown[0], grown.at(-1)]
  if (!first || !last) return []
  const figure = (what: string, of: (one: Grown) => number) =>
    figureOf(`${what} in ${runsOf(last)}`, of(last), 'MB', `in ${runsOf(first)}`, of(first))
  return [figure('resident', ({ rssMb }) => rssMb.median), figure('anonymous', ({ anonymousMb }) => anonymousMb)]
}

function runsOf({ from, to }: Grown) {
  return `runs ${from} to ${to}`
}

interface Result {
  machine: Machine
  figures: Figure[]
  rest: number
  rests: Rest[]
  grown: Grown[]
}

export function markdownOf({ machine, figures, rest, rests, grown }: Result) {
  const columns = ['resident MB', 'anonymous MB', 'peak MB']
  const resting = markdownTable(
    [`${rest} s after the first run`, ...columns],
    rests.map((one) => [`${one.set} ${one.task}`, ...cells(one)]),
  )
  const growing = markdownTable(
    ['W1, nothing to do', 'resident MB, median', 'lowest', 'highest', 'anonymous MB, median', 'peak MB'],
    grown.map((one) => {
      const { rssMb, anonymousMb, peakMb } = one
      return [runsOf(one), ...[rssMb.median, rssMb.min, rssMb.max, anonymousMb, peakMb].map(shown)]
    }),
  )
  return [`${describeMachine(machine)}.`, resting, growing, figuresTable(figures)].join('\n\n')
}

function cells({ rssMb, anonymousMb, peakMb }: Memory) {
  return [rssMb, anonymousMb, peakMb].map(shown)
}
