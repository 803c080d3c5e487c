import type { TestContext } from 'node:test'
import Database from 'better-sqlite3'

const roomy = 'max_page_count = 4294967294'

/** Lets SQLite itself refuse what the server writes from here on. To be called before the server starts. */
export function poorDisk(t: TestContext) {
  const databases = new Set<Database.Database>()
  // oxlint-disable-next-line typescript/unbound-method -- each call says whose it is
  const { pragma } = Database.prototype
  let limits = [roomy, 'query_only = off']
  const limit = (database: Database.Database) => limits.forEach((one) => pragma.call(database, one))
  t.mock.method(Database.prototype, 'pragma', function (this: Database.Database, ...given: Parameters<typeof pragma>) {
    databases.add(this)
    const result = pragma.apply(this, given)
    limit(this)
    return result
  })
  const turn = (...to: string[]) => {
    limits = to
    for (const database of databases) if (database.open) limit(database)
  }
  return {
    /** What finds room in pages that are there already still does. */
    fill: () => turn('max_page_count = 1', 'query_only = off'),
    refuse: () => turn(roomy, 'query_only = on'),
    mend: () => turn(roomy, 'query_only = off'),
  }
}
