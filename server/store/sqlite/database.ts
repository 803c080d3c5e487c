import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs'
import Database from 'better-sqlite3'
import { hasCode } from '../../../protocol/errors.ts'
import { InUseError, StartError } from '../../start-error.ts'

const migrations = new URL('../migrations/', import.meta.url)

/**
 * Opens the file for this process alone: the lock goes with the process, however that ends.
 * `synchronous = FULL`, because an agent forgets a report once the server says it is stored: that has to hold after a power
 * cut. What a sync costs is shared by all writes of the same few milliseconds (commits.ts).
 */
export function openDatabase(path: string) {
  if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600))
  const database = new Database(path, { timeout: 500 })
  try {
    database.pragma('locking_mode = exclusive')
    database.pragma('journal_mode = wal')
    database.pragma('synchronous = full')
    database.pragma('foreign_keys = on')
    migrate(database, path)
    return database
  } catch (error) {
    database.close()
    throw explained(error, path)
  }
}

function migrate(database: Database.Database, path: string) {
  const files = readdirSync(migrations).filter((name) => /^\d{3}-.*\.sql$/.test(name))
  const steps = files.toSorted().map((name) => ({ name, version: Number(name.slice(0, 3)) }))
  const newest = steps.at(-1)?.version ?? 0
  const run = database.transaction(() => {
    const current = Number(database.pragma('user_version', { simple: true }))
    if (current > newest)
      throw new StartError(
        `${path} has schema ${current}, made by a newer Trivet; this one knows schemas up to ${newest}. Start the newer version, or restore a backup of this one's.`,
      )
    for (const { name, version } of steps.filter((step) => step.version > current)) {
      database.exec(readFileSync(new URL(name, migrations), 'utf8'))
      database.pragma(`user_version = ${version}`)
    }
  })
  run.exclusive()
}

function explained(error: unknown, path: string) {
  if (hasCode(error, 'SQLITE_BUSY'))
    return new InUseError(`${path} is in use by another server. Stop that one, or give --data another directory.`)
  if (hasCode(error, 'SQLITE_NOTADB')) return new StartError(`${path} is no SQLite database. Restore it from a backup.`)
  return error
}
