import { type Change, changesOf, type Counts, type Outcome, type ResourceEvent } from '../protocol/events.ts'
import type { StoredRun } from '../protocol/views.ts'
import { facts } from './describe.ts'
import { paintWord, type Paint } from './paint.ts'
import { clockTime, relative, took } from './time.ts'

const marks: Record<Outcome, string> = {
  unchanged: ' ',
  changed: '*',
  'would-change': '*',
  unknown: '?',
  failed: '!',
  skipped: '-',
  deferred: '~',
}

/** What is known of a run as a whole. */
export function runFacts(run: StoredRun, now: number, paint: Paint) {
  return facts({
    run: run.id,
    node: run.node,
    mode: run.mode,
    outcome: paintWord(paint, run.outcome),
    why: run.trigger + (run.orders.length > 0 ? ` ${run.orders.join(', ')}` : ''),
    started: `${clockTime(run.startedAt)} (${relative(run.startedAt, now)})`,
    took: took(run.finishedAt - run.startedAt),
    catalog: run.catalog,
    resources: countsText(run.counts),
    owed: run.owed,
    error: run.error?.split('\n') ?? null,
  })
}

/** `2 changed, 1 failed, 37 unchanged`. */
export function countsText(counts: Counts) {
  const words = {
    changed: counts.changed,
    'would change': counts.wouldChange,
    unknown: counts.unknown,
    failed: counts.failed,
    skipped: counts.skipped,
    deferred: counts.deferred,
    unchanged: counts.unchanged,
  }
  const said = Object.entries(words).filter(([, count]) => count > 0)
  return said.map(([word, count]) => `${count} ${word}`).join(', ') || 'none'
}

/** An event in lines: its mark and word, then what changed or why it did not. */
export function eventLines(event: ResourceEvent, paint: Paint, { diff }: { diff: boolean }) {
  const word = paintWord(paint, event.outcome, `${marks[event.outcome]} ${event.outcome}`.padEnd(14))
  const head = `${word}  ${subjectOf(event)}  ${paint('dim', `${event.recipe}, ${took(event.durationMs)}`)}`
  return [head, ...detailsOf(event, paint, diff).map((line) => `    ${line}`)]
}

/** `file[/etc/motd]`, or with what was owed to it: `restart service[haproxy]`. */
export function subjectOf({ id, action }: ResourceEvent) {
  return action ? `${action} ${id}` : id
}

function detailsOf(event: ResourceEvent, paint: Paint, diff: boolean) {
  const changes = changesOf(event).flatMap((change) => changeLines(change, paint, diff))
  if (event.outcome === 'failed') return [...changes, ...event.error.split('\n').map((line) => paint('red', line))]
  return 'reason' in event ? event.reason.split('\n') : changes
}

function changeLines(change: Change, paint: Paint, diff: boolean) {
  const head = `${change.what}: ${change.from ?? '-'} → ${change.to}`
  if (!diff || !change.diff) return [head]
  const lines = change.diff.trimEnd().split('\n')
  return [head, ...lines.map((line) => `  ${paintDiff(line, paint)}`)]
}

function paintDiff(line: string, paint: Paint) {
  if (line.startsWith('+')) return paint('green', line)
  if (line.startsWith('-')) return paint('red', line)
  return line.startsWith('@@') ? paint('cyan', line) : line
}
