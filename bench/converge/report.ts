import { describeMachine, type Figure, figureOf, type Machine } from '../figures.ts'
import { markdownTable } from '../markdown.ts'
import { rounded } from '../statistics.ts'
import { names } from './contenders.ts'
import type { Memory } from './resident.ts'
import type { Measurement } from './rounds.ts'

/** The limit that a figure of ours is held against: started anew as we are, or living on as we do. */
const limits: Record<string, string> = { [names.oneShot]: names.limit, [names.resident]: names.warmLimit }

/** Ours beside each peer's, set by set. */
export function figuresOf(measurements: Measurement[]): Figure[] {
  return measurements
    .filter(({ name }) => name in limits)
    .flatMap((ours) =>
      measurements
        .filter(({ set, name }) => set === ours.set && (isPeer(name) || name === limits[ours.name]))
        .map((peer) => {
          const what = `${ours.set} nothing to do, ${ours.name === names.oneShot ? 'one-shot' : 'resident'}`
          return figureOf(what, ours.wallMs.median, 'ms', peer.name, peer.wallMs.median)
        }),
    )
}

export interface Result {
  machine: Machine
  measurements: Measurement[]
  figures: Figure[]
  resident: Memory
}

/** For people: every measurement, then the ratios. */
export function markdownOf({ machine, measurements, figures, resident }: Result) {
  const measured = markdownTable(
    ['nothing to do', 'median ms', 'min', 'max', 'user+sys ms', 'peak MB', 'n'],
    measurements.map(({ set, name, wallMs, cpuMs, peakMb, runs }) => [
      `${set} ${name}`,
      ...[wallMs.median, wallMs.min, wallMs.max, cpuMs, peakMb].map(shown),
      String(runs),
    ]),
  )
  const compared = markdownTable(
    ['ours', 'ms', 'beside', 'ms', 'ratio'],
    figures.map(({ name, value, peer, peerValue, ratio }) => [
      name,
      shown(value),
      peer,
      shown(peerValue),
      shown(ratio),
    ]),
  )
  const { rssMb, anonymousMb, peakMb } = resident
  const memory = `The resident agent after all runs: ${shown(rssMb)} MB resident, ${shown(anonymousMb)} MB of it anonymous, ${shown(peakMb)} MB at its peak.`
  return [`${describeMachine(machine)}.`, measured, compared, memory].join('\n\n')
}

function isPeer(name: string) {
  return name === names.puppet || name === names.cfengine
}

function shown(value: number | undefined) {
  if (value === undefined) return '-'
  return value >= 1000 ? value.toFixed() : String(rounded(value))
}
