import type { RunOutcome } from '../../protocol/events.ts'

/** How many runs of a day, or an hour, ended how. */
export interface Bar {
  at: number
  counts: Partial<Record<RunOutcome, number>>
  /** How many of them found drift. */
  drifted?: number
}

/** From the bottom up. */
export const stacked: RunOutcome[] = ['unchanged', 'changed', 'would-change', 'interrupted', 'failed']

export function sumOf({ counts }: Bar) {
  return stacked.reduce((sum, outcome) => sum + (counts[outcome] ?? 0), 0)
}

/** A round number at the top of the axis. */
export function topOf(most: number) {
  if (most <= 4) return 4
  const power = 10 ** Math.floor(Math.log10(most))
  // Half of it is a round number too.
  return [1, 2, 4, 6, 8, 10].map((factor) => factor * power).find((top) => top >= most) ?? most
}

/** The parts of a bar, each with where it begins and ends between 0 and 1. */
export function partsOf(bar: Bar, top: number) {
  let from = 0
  return stacked.flatMap((outcome) => {
    const count = bar.counts[outcome] ?? 0
    if (count === 0) return []
    const part = { outcome, count, from, to: from + count / top }
    from = part.to
    return [part]
  })
}
