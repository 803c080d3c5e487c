import { readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Report } from '../../protocol/events.ts'
import { faultPoint } from '../../resources/fault-points.ts'
import { shortened } from '../link/shorten.ts'
import { makeFolder, readReplaceable, writeSynced } from './state.ts'

/** Reports on disk until the server has stored them: `STARTED-RUN.json`, so that names sort by time. */
export function spoolIn(dir: string) {
  makeFolder(dir)
  const names = () =>
    readdirSync(dir)
      .filter((name) => name.endsWith('.json'))
      .toSorted()
  let sizes = new Map<string, number>()

  return {
    dir,
    names,
    has: (run: string) => names().some((name) => name.endsWith(`-${run}.json`)),

    /** Of all reports but that one. None changes under its name, so that each is looked at once. */
    bytes(but?: string) {
      const sizeOf = (name: string) =>
        sizes.get(name) ?? statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0
      sizes = new Map(names().map((name) => [name, sizeOf(name)]))
      return [...sizes].reduce((sum, [name, size]) => (name.endsWith(`-${but}.json`) ? sum : sum + size), 0)
    },

    /** On disk when it returns, also after a power cut where something was changed. */
    add(report: Report) {
      const path = join(dir, `${String(report.run.startedAt).padStart(15, '0')}-${report.run.id}.json`)
      const write = report.events.length > 0 ? writeSynced : writeUnsynced
      // By one name, so that what a killed agent left is not left for ever: only one run at a time has a report.
      write(path, JSON.stringify(shortened(report)), join(dir, 'report.new'))
    },

    /** Undefined where it is gone, or is no report: then it has been moved aside as `.damaged`. */
    read: (name: string) => readReplaceable(join(dir, name), Report),

    remove(run: string) {
      faultPoint('spool.removing')
      for (const name of names()) if (name.endsWith(`-${run}.json`)) rmSync(join(dir, name), { force: true })
      faultPoint('spool.removed')
    },
  }
}
export type Spool = ReturnType<typeof spoolIn>

function writeUnsynced(path: string, text: string, temporary: string) {
  writeFileSync(temporary, text, { mode: 0o600 })
  faultPoint('spool.written')
  renameSync(temporary, path)
}
