import { fingerprintOf } from '../ca.ts'
import { openDataDir } from '../data-dir.ts'
import { authorityOf, inviteFirstAdmin } from '../first-start.ts'
import { InUseError } from '../start-error.ts'
import { openSqliteStore } from '../store/sqlite.ts'

/** What was found, or made: the token of the first admin is given where it was made. */
interface Founded {
  token?: string | undefined
  /** A server has the data directory in use, so it is no new one. */
  isServing: boolean
}

/** Does to the data directory what the first start of a server would, and serves nothing. */
export async function found(data: string, now: number): Promise<Founded> {
  const path = await openDataDir(data)
  try {
    const store = await openSqliteStore(path)
    try {
      const ca = fingerprintOf(await authorityOf(store, now))
      return { token: await inviteFirstAdmin(store, ca, now), isServing: false }
    } finally {
      await store.close()
    }
  } catch (error) {
    if (!(error instanceof InUseError)) throw error
    return { isServing: true }
  }
}
