import { describeMachine, type Figure, figureOf, figuresTable, type Machine } from '../figures.ts'
import { markdownTable } from '../markdown.ts'
import type { Memory } from '../process.ts'
import { shown } from '../statistics.ts'

/** What the agent holds some time after its first run, and the most that it held until then. */
export interface Rest extends Memory {
  set: string
  task: string
}

/** What it holds after so many runs. */
export interface Grown extends Memory {
  run: number
}

export function figuresOf(grown: Grown[]): Figure[] {
  const [first, last] = [grown[0], grown.at(-1)]
  if (!first || !last) return []
  const figure = (what: string, key: 'rssMb' | 'anonymousMb') =>
    figureOf(`${what} after run ${last.run}`, last[key], 'MB', `after run ${first.run}`, first[key])
  return [figure('resident', 'rssMb'), figure('anonymous', 'anonymousMb')]
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
    ['W1, runs with nothing to do', ...columns],
    grown.map((one) => [String(one.run), ...cells(one)]),
  )
  return [`${describeMachine(machine)}.`, resting, growing, figuresTable(figures)].join('\n\n')
}

function cells({ rssMb, anonymousMb, peakMb }: Memory) {
  return [rssMb, anonymousMb, peakMb].map(shown)
}
