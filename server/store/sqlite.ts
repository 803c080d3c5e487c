import { createAccess, createMeta } from './sqlite/access.ts'
import { createAssign, createAssignments } from './sqlite/assignments.ts'
import { createAttested } from './sqlite/attested.ts'
import { createAudit } from './sqlite/audit.ts'
import { createAttributes } from './sqlite/attributes.ts'
import { createCommits } from './sqlite/commits.ts'
import { openDatabase } from './sqlite/database.ts'
import { createHistory } from './sqlite/history.ts'
import { createLeases } from './sqlite/leases.ts'
import { createLifecycle } from './sqlite/lifecycle.ts'
import { createMakeNode, createNodes } from './sqlite/nodes.ts'
import { createObserved } from './sqlite/observed.ts'
import { createHooks } from './sqlite/webhooks.ts'
import { createRevisionStore } from './sqlite/revisions.ts'
import { createRetention } from './sqlite/retention.ts'
import { createStances } from './sqlite/stances.ts'
import { createFinishTargets, createOrders } from './sqlite/targets.ts'
import { createWho } from './sqlite/who.ts'
import { closeSync, openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createWritten } from './sqlite/written.ts'
import type { Store } from './store.ts'

/** The store in one SQLite file, or in memory as `:memory:`. */
export async function openSqliteStore(path: string): Promise<Store> {
  const database = openDatabase(path)
  const { write, flush } = createCommits(database)
  const audit = createAudit(database)
  const meta = createMeta(database)
  const written = createWritten(database, meta)
  const desired = { database, write, audit, written, assign: createAssign({ database }) }
  const makeNode = createMakeNode(desired)
  return {
    ...createAccess(database, write, audit, meta),
    ...createWho({ database, write, audit }),
    ...createNodes({ ...desired, makeNode }),
    ...createAttested({ ...desired, makeNode }),
    ...createLifecycle(desired),
    ...createAssignments(desired),
    ...createAttributes(desired),
    ...createStances(desired),
    revision: async () => written.total(),
    ...createObserved({ database, write, finishTargets: createFinishTargets(database) }),
    ...createHistory(database),
    ...createOrders(database, write, audit),
    ...createLeases({ database, write, audit, meta }),
    ...createHooks({ database, write, audit }),
    ...createRevisionStore(database, write),
    ...createRetention(database, write),
    async backup(to) {
      closeSync(openSync(to, 'wx', 0o600))
      try {
        await database.backup(to)
      } catch (error) {
        await rm(to, { force: true })
        throw error
      }
    },
    async close() {
      flush()
      database.close()
    },
  }
}
