import { describeMachine, type Figure, figureOf, figuresTable, type Machine } from '../figures.ts'
import { markdownTable } from '../markdown.ts'
import type { Memory } from '../process.ts'
import { shown } from '../statistics.ts'
import { names } from './contenders.ts'
import type { Measurement } from './rounds.ts'

/** The limits that a figure of ours is held against: started anew as we are, or living on as we do. */
const limits: Record<string, string[]> = {
  [names.oneShot]: [names.limit],
  [names.resident]: [names.warmLimit, names.limitInRow],
}

/** Ours beside each peer's, set by set. */
export function figuresOf(measurements: Measurement[]): Figure[] {
  return measurements
    .filter(({ name }) => name in limits)
    .flatMap((ours) =>
      measurements
        .filter(({ work, name }) => work === ours.work && (isPeer(name) || limits[ours.name]?.includes(name)))
        .map((peer) => {
          const what = `${ours.work} ${ours.task}, ${ours.name === names.oneShot ? 'one-shot' : 'resident'}`
          return figureOf(what, ours.wallMs.median, 'ms', peer.name, peer.wallMs.median)
        }),
    )
}

export interface Result {
  machine: Machine
  measurements: Measurement[]
  figures: Figure[]
  /** Whether processes were started in so many resident runs of W2. */
  children: { runs: number; started: boolean } | undefined
  resident: Memory
}

/** For people: every measurement, then the ratios. */
export function markdownOf({ machine, measurements, figures, children, resident }: Result) {
  const measured = markdownTable(
    ['run', 'median ms', 'min', 'max', 'user+sys ms', 'peak MB', 'n'],
    measurements.map(({ work, task, name, wallMs, cpuMs, peakMb, runs }) => [
      `${work} ${task}: ${name}`,
      ...[wallMs.median, wallMs.min, wallMs.max, cpuMs, peakMb].map(shown),
      String(runs),
    ]),
  )
  const { rssMb, anonymousMb, peakMb } = resident
  const memory = `The resident agent after all runs: ${shown(rssMb)} MB resident, ${shown(anonymousMb)} MB of it anonymous, ${shown(peakMb)} MB at its peak.`
  const childless = children
    ? [
        `In ${children.runs} resident runs of W2 with nothing to do the agent started ${children.started ? 'processes' : 'no process'}.`,
      ]
    : []
  return [`${describeMachine(machine)}.`, measured, figuresTable(figures), ...childless, memory].join('\n\n')
}

function isPeer(name: string) {
  return name === names.puppet || name === names.cfengine || name === names.ansible
}
