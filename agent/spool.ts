import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Report } from '../protocol/events.ts'
import { maxAgentFrame } from '../protocol/messages.ts'
import { writeSynced } from './state.ts'

/** Reports on disk until the server has stored them: `STARTED-RUN.json`, so that names sort by time. */
export function spoolIn(dir: string) {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const names = () =>
    readdirSync(dir)
      .filter((name) => name.endsWith('.json'))
      .toSorted()

  return {
    dir,
    names,
    has: (run: string) => names().some((name) => name.endsWith(`-${run}.json`)),

    /** On disk when it returns, also after a power cut where something was changed. */
    add(report: Report) {
      const path = join(dir, `${String(report.run.startedAt).padStart(15, '0')}-${report.run.id}.json`)
      const text = JSON.stringify(fitting(report))
      if (report.events.length > 0) return writeSynced(path, text)
      writeFileSync(`${path}.new`, text, { mode: 0o600 })
      renameSync(`${path}.new`, path)
    },

    /** Undefined where it is no report: then it has been moved aside as `.damaged`. */
    read(name: string) {
      const path = join(dir, name)
      try {
        return Report.parse(JSON.parse(readFileSync(path, 'utf8')))
      } catch {
        renameSync(path, `${path}.damaged`)
        return undefined
      }
    },

    remove(run: string) {
      for (const name of names()) if (name.endsWith(`-${run}.json`)) rmSync(join(dir, name))
    },
  }
}
export type Spool = ReturnType<typeof spoolIn>

/** Diffs are the first to go when a report is too long for one frame, then the longest lists of changes. */
function fitting(report: Report): Report {
  if (JSON.stringify(report).length < maxAgentFrame / 2) return report
  const withoutDiffs = report.events.map((event) =>
    'changes' in event
      ? {
          ...event,
          changes: event.changes.map(({ diff, ...change }) =>
            diff === undefined ? change : { ...change, diff: '(left out: the report is too long)' },
          ),
        }
      : event,
  )
  const shorter = { ...report, events: withoutDiffs }
  if (JSON.stringify(shorter).length < maxAgentFrame) return shorter
  const bare = withoutDiffs.map((event) => ('changes' in event ? { ...event, changes: [] } : event))
  return { ...report, events: bare.slice(0, 10_000) }
}
