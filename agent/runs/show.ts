import { changesOf, type ResourceEvent, type Run } from '../../protocol/events.ts'

/** Lines for people about one event; none for what is unchanged. */
export function describeEvent(event: ResourceEvent): string[] {
  if (event.outcome === 'unchanged') return []
  const what = event.action === undefined ? event.id : `${event.action} ${event.id}`
  const because = 'reason' in event ? `: ${event.reason}` : 'error' in event ? `: ${event.error}` : ''
  const proviso = 'proviso' in event ? ` (${event.proviso})` : ''
  const drift = 'cause' in event && event.cause === 'drift' ? ' (drift)' : ''
  const changes = changesOf(event)
  return [
    `${event.outcome.padEnd(12)} ${what}${drift}${proviso}${because}`,
    ...changes.flatMap(({ what: prop, from, to, diff }) => [
      `    ${prop}: ${from ?? '-'} → ${to}`,
      ...(diff === undefined
        ? []
        : diff
            .trimEnd()
            .split('\n')
            .map((line) => `      ${line}`)),
    ]),
  ]
}

export function summaryOf({ mode, outcome, counts, owed, error, plan, orphans, reboot, startedAt, finishedAt }: Run) {
  const numbers = Object.entries(counts).flatMap(([name, count]) => (count > 0 ? [`${count} ${wordOf(name)}`] : []))
  const still = owed.length > 0 ? `; still owed: ${owed.join(', ')}` : ''
  const left = orphans ? `; no longer wanted: ${orphans.join(', ')}` : ''
  const then = reboot === undefined ? '' : `; the machine reboots now: ${reboot}`
  const hash = plan === undefined ? '' : `\nplan ${plan}`
  const why = error === undefined ? '' : `; ${error}`
  return `${mode}: ${outcome} in ${finishedAt - startedAt} ms (${numbers.join(', ') || 'no resources'})${still}${left}${why}${then}${hash}`
}

function wordOf(counter: string) {
  return counter === 'wouldChange' ? 'would change' : counter
}

/** 0 done, 1 failed; detailed as Puppet's: 0 nothing to do, 2 changed or would change, 4 failed, 6 both. */
export function exitCodeOf({ counts, outcome }: Run, detailed: boolean) {
  const failed = outcome === 'failed'
  if (!detailed) return failed ? 1 : 0
  const changed = counts.changed + counts.wouldChange + counts.unknown > 0
  return (changed ? 2 : 0) + (failed ? 4 : 0)
}

/** What the log says of a run that is over. */
export function toldRun({ id, orders, mode, trigger, outcome, error }: Run, ms: number) {
  const level: 'warn' | 'info' = outcome === 'failed' ? 'warn' : 'info'
  return { level, run: id, orders, mode, trigger, outcome, ms: Number(ms.toFixed(1)), ...(error && { error }) }
}
