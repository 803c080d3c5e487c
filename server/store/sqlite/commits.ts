import type { Database } from 'better-sqlite3'

interface Waiting {
  work: () => void
  fail: (error: unknown) => void
  done: () => void
}

/** Runs a write and resolves with its result when it is on disk. */
export type Write = <Result>(work: () => Result) => Promise<Result>

/**
 * Group commit: writes that arrive while the loop reads its sockets are committed together, with one sync of the disk.
 * Each has a savepoint of its own, so that one that throws takes nobody else along.
 */
export function createCommits(database: Database) {
  let queue: Waiting[] = []

  function flush() {
    const batch = queue
    queue = []
    try {
      commit(batch)
    } catch (error) {
      for (const { fail } of batch) fail(error)
    }
  }

  function commit(batch: Waiting[]) {
    const succeeded: Waiting[] = []
    const each = database.transaction((work: () => void) => work())
    const all = database.transaction(() => {
      for (const waiting of batch) {
        try {
          each(waiting.work)
          succeeded.push(waiting)
        } catch (error) {
          waiting.fail(error)
          if (!database.inTransaction) throw error
        }
      }
    })
    all.immediate()
    for (const { done } of succeeded) done()
  }

  const write: Write = (work) =>
    new Promise((resolve, reject) => {
      let result: ReturnType<typeof work>
      if (queue.length === 0) setImmediate(flush)
      queue.push({ work: () => (result = work()), done: () => resolve(result), fail: reject })
    })

  return { write, flush }
}
