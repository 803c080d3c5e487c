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
    plan: run.plan ?? null,
    resources: countsText(run.counts),
    owed: run.owed,
    waits: Object.entries(run.waits ?? {}).map(([gate, reason]) => `${gate}: ${reason}`),
    orphans: run.orphans ?? null,
    reboot: run.reboot ?? null,
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
  const head = `${word}  ${notedSubject(event, paint)}  ${paint('dim', `${event.recipe}, ${took(event.durationMs)}`)}`
  return [head, ...detailsOf(event, paint, diff).map((line) => `    ${line}`)]
}

/** `file[/etc/motd]`, or with what was owed to it: `restart service[haproxy]`. */
export function subjectOf({ id, action }: ResourceEvent) {
  return action ? `${action} ${id}` : id
}

/** The subject and what is special about its event: `file[/etc/motd] (drift)`. */
export function notedSubject(event: ResourceEvent, paint: Paint) {
  const notes = [
    'cause' in event && event.cause === 'drift' && 'drift',
    event.outcome === 'failed' && event.ignored && 'ignored',
  ].filter((note) => typeof note === 'string')
  return [subjectOf(event), ...(notes.length > 0 ? [paint('yellow', `(${notes.join(', ')})`)] : [])].join(' ')
}

/** Why it is as it is, where the outcome alone does not tell. */
export function whyOf(event: ResourceEvent) {
  if (event.outcome === 'failed') return event.error
  if (event.outcome === 'would-change') return event.proviso ?? ''
  return 'reason' in event ? event.reason : ''
}

function detailsOf(event: ResourceEvent, paint: Paint, diff: boolean) {
  const changes = changesOf(event).flatMap((change) => changeLines(change, paint, diff))
  const why = whyOf(event).split('\n').filter(Boolean)
  return [...changes, ...(event.outcome === 'failed' ? why.map((line) => paint('red', line)) : why)]
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
