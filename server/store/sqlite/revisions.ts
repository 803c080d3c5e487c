import type { Database } from 'better-sqlite3'
import type { KeptRevision, RevisionStore } from '../revisions.ts'
import type { Write } from './commits.ts'
import { fromJson } from './json.ts'

const kept = 2

export function createKeptRevisions(database: Database, write: Write): RevisionStore {
  const newest = database.prepare<[], { number: number; id: string }>(
    'select number, id from source_revisions order by number desc limit 1',
  )
  const insert = database.prepare('insert into source_revisions (number, id, at, files) values (?, ?, ?, ?)')
  const forget = database.prepare('delete from source_revisions where number <= ?')
  const all = database.prepare<[], { id: string; at: number; files: string }>(
    'select id, at, files from source_revisions order by number desc',
  )
  return {
    keepRevision: ({ id, at, files }) =>
      write(() => {
        const before = newest.get()
        if (before?.id === id) return
        const number = (before?.number ?? 0) + 1
        insert.run(number, id, at, JSON.stringify(files))
        forget.run(number - kept)
      }),
    lastRevisions: async () =>
      all.all().map(({ id, at, files }) => ({ id, at, files: fromJson<KeptRevision['files']>(files) })),
  }
}
