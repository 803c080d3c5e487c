import type { Policy, Window } from '../protocol/catalog.ts'

/** `from each 0 2 * * 6 (Europe/Prague), for 120 minutes`. */
export function windowText({ cron, minutes, timezone = 'UTC' }: Window) {
  return `from each ${cron} (${timezone}), for ${minutes === 1 ? '1 minute' : `${minutes} minutes`}`
}

/** `watch, audit, cleanup remove`: what is not standard of it. */
export function policyText({ watch, audit, window, cleanup }: Policy = {}) {
  const said = [watch && 'watch', audit && 'audit', window && windowText(window), cleanup && `cleanup ${cleanup}`]
  return said.filter(Boolean).join(', ')
}
