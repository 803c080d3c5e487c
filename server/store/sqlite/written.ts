import type { Database } from 'better-sqlite3'
import { StaleWrite, type Subject } from '../stale-write.ts'
import type { Meta } from './access.ts'

/** Counts the writes of what is desired, and remembers the last of each node and cluster. To be called in the transaction of the write. */
export function createWritten(database: Database, meta: Meta) {
  const select = database.prepare<Subject, { revision: number }>(
    'select revision from written where scope = :scope and subject = :subject',
  )
  const upsert = database.prepare(
    `insert into written (scope, subject, revision) values (:scope, :subject, :revision)
     on conflict do update set revision = excluded.revision`,
  )
  const total = () => Number(meta.read('revision') ?? 0)
  const revisionOf = ({ scope, subject }: Subject) => select.get({ scope, subject })?.revision ?? 0
  return {
    total,
    bump({ scope, subject }: Subject) {
      const revision = total() + 1
      meta.write('revision', String(revision))
      upsert.run({ scope, subject, revision })
    },
    /** Throws where something was written since. */
    requireRevision(of: Subject, ifRevision: number | undefined) {
      const revision = revisionOf(of)
      if (ifRevision !== undefined && ifRevision !== revision) throw new StaleWrite(revision)
    },
  }
}
export type Written = ReturnType<typeof createWritten>
