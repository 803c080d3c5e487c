import type { Window } from '../../protocol/catalog.ts'

/** The first opening that comes after the moment, both in ms since 1970; undefined where it never opens again. */
export async function nextOpening({ cron, timezone = 'UTC' }: Window, moment: number) {
  // Loaded only on nodes that have a window: a run must start quickly.
  const { Cron } = await import('croner')
  return new Cron(cron, { timezone }).nextRun(new Date(moment))?.getTime()
}
