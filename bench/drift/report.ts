import { describeMachine, type Figure, figureOf, figuresTable, type Machine } from '../figures.ts'
import { markdownTable } from '../markdown.ts'
import type { Memory } from '../process.ts'
import { percentile, shown, spreadOf } from '../statistics.ts'
import type { Burst, Drifted } from './drifting.ts'

/** Drifts one after another. */
export interface Drifts extends Drifted {
  of: string
}

/** When nothing happens. */
export interface Rest extends Memory {
  of: string
  /** Milliseconds of processor time a second. */
  cpu: number
}

interface Found {
  drifts: Drifts[]
  bursts: Burst[]
  rests: Rest[]
}

/** Ours with one file beside mgmt's. */
export function figuresOf({ drifts }: Found): Figure[] {
  const of = (name: string) => drifts.find((one) => one.of === name && one.ms.length > 0)
  const [ours, peer] = [of('trivet-agent, one file'), of('mgmt, one file')]
  if (!ours || !peer) return []
  const [mine, its] = [spreadOf(ours.ms), spreadOf(peer.ms)]
  return [
    figureOf('one file, median until repaired', mine.median, 'ms', 'mgmt', its.median),
    figureOf('one file, longest until repaired', mine.max, 'ms', 'mgmt', its.max),
  ]
}

export function markdownOf({
  machine,
  figures,
  drifts,
  bursts,
  rests,
  rest,
}: Found & { machine: Machine; figures: Figure[]; rest: number }) {
  const inTurn = markdownTable(
    ['drifts in turn, until repaired', 'median ms', '99th percentile', 'longest', 'missed', 'n'],
    drifts.map(({ of, ms, missed }) => {
      const values =
        ms.length > 0 ? [spreadOf(ms).median, percentile(ms, 99), spreadOf(ms).max] : [undefined, undefined, undefined]
      return [of, ...values.map(shown), String(missed), String(ms.length + missed)]
    }),
  )
  const atOnce = markdownTable(
    ['1,000 drifts at once', 'written after ms', 'median repaired', 'last repaired', 'missed'],
    bursts.map(({ ms, missed, writtenMs }, index) => [
      `burst ${index + 1}`,
      ...[writtenMs, ...(ms.length > 0 ? [spreadOf(ms).median, spreadOf(ms).max] : [undefined, undefined])].map(shown),
      String(missed),
    ]),
  )
  const atRest = markdownTable(
    [`${rest} s after the start`, 'resident MB', 'anonymous MB', `processor ms a second, over ${rest} s`],
    rests.map(({ of, rssMb, anonymousMb, cpu }) => [of, ...[rssMb, anonymousMb, cpu].map(shown)]),
  )
  return [`${describeMachine(machine)}.`, inTurn, atOnce, atRest, figuresTable(figures)].join('\n\n')
}
