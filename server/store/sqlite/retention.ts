import type { Database } from 'better-sqlite3'
import type { Forgettable, Keep, RetentionStore } from '../retention.ts'
import type { Write } from './commits.ts'
import { type Forgetting, forgettings, type Place } from './forgetting.ts'

/** A walk over one kind from the oldest on, which may take many calls. */
interface Walk {
  at: Place | undefined
  /** The newest one that is too many. */
  tooMany: Place | undefined
}

export function createRetention(database: Database, write: Write): RetentionStore {
  const kinds = forgettings(database)
  const walks = new Map<Forgettable, Walk>()
  return {
    forget: (kind, keep, forMs) =>
      write(() => {
        const walk = walks.get(kind) ?? begun(kinds[kind], keep)
        const done = goOn(walk, kinds[kind], keep, forMs)
        if (done.isDone) walks.delete(kind)
        else walks.set(kind, walk)
        return done
      }),
  }
}

function begun(kind: Forgetting, { newest }: Keep): Walk {
  return { at: undefined, tooMany: newest === undefined ? undefined : kind.newestBut(newest) }
}

function goOn(walk: Walk, kind: Forgetting, { since = 0 }: Keep, forMs: number) {
  const until = performance.now() + forMs
  let forgotten = 0
  do {
    const next = kind.after(walk.at)
    if (!next || (next.at >= since && !(walk.tooMany && kind.isUpTo(next, walk.tooMany))))
      return { forgotten, isDone: true }
    const became = kind.forget(next)
    if (became !== 'shrunk') walk.at = next
    if (became === 'gone') forgotten++
  } while (performance.now() < until)
  return { forgotten, isDone: false }
}
