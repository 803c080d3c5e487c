import type { LeaseView } from '../protocol/views.ts'
import { relative } from './time.ts'

/** `zookeeper, for restart service[zookeeper]: waiting, 2m ago: node m2 holds it since …` */
export function leaseText({ group, state, action, since, reason }: LeaseView, now: number) {
  const why = reason === null ? '' : `: ${reason}`
  return `${group}, for ${action}: ${state}, ${relative(since, now)}${why}`
}
