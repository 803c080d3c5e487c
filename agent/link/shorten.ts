import { type Change, changesOf, type Report, type ResourceEvent } from '../../protocol/events.ts'
import { maxAgentFrame } from '../../protocol/limits.ts'

/** What the message around a report takes is less. */
const most = maxAgentFrame - 4096
const longestText = 500

/** The report as it fits into one frame: diffs are the first to go, then long texts, then what changed, then the last events. The counts stay whole. */
export function shortened(report: Report): Report {
  let { events } = report
  for (const shorten of [(event: ResourceEvent) => event, withoutDiffs, withShortTexts, withoutChanges]) {
    events = events.map(shorten)
    if (fits({ ...report, events })) return { ...report, events }
  }
  for (;;) {
    events = events.slice(0, Math.floor(events.length / 2))
    const left = `${report.events.length - events.length} events are left out: the report is too long`
    const error = [report.run.error, left].filter(Boolean).join('; ')
    const shorter = { run: { ...report.run, error }, events }
    if (fits(shorter) || events.length === 0) return shorter
  }
}

function fits(report: Report) {
  return Buffer.byteLength(JSON.stringify(report)) <= most
}

function withoutDiffs(event: ResourceEvent): ResourceEvent {
  return withChanges(event, (change) =>
    change.diff === undefined ? change : { ...change, diff: '(left out: the report is too long)' },
  )
}

function withShortTexts(event: ResourceEvent): ResourceEvent {
  const shorter = withChanges(event, ({ from, to, ...change }) => ({
    ...change,
    from: from === null ? null : cut(from),
    to: cut(to),
  }))
  if ('error' in shorter) return { ...shorter, error: cut(shorter.error) }
  return 'reason' in shorter ? { ...shorter, reason: cut(shorter.reason) } : shorter
}

function withoutChanges(event: ResourceEvent): ResourceEvent {
  return 'changes' in event ? { ...event, changes: [] } : event
}

function withChanges(event: ResourceEvent, shorten: (change: Change) => Change): ResourceEvent {
  return 'changes' in event ? { ...event, changes: changesOf(event).map(shorten) } : event
}

function cut(text: string) {
  return text.length > longestText ? `${text.slice(0, longestText)}… (cut: the report is too long)` : text
}
