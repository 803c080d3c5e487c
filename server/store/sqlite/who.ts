import type { Database } from 'better-sqlite3'
import type { WhoStore } from '../who.ts'
import { createApiTokens } from './api-tokens.ts'
import { type Audit, createAuditReader } from './audit.ts'
import type { Write } from './commits.ts'
import { createSessions } from './sessions.ts'
import { createUsers, createUserWrites } from './users.ts'

export interface WhoParts {
  database: Database
  write: Write
  audit: Audit
}

export function createWho(parts: WhoParts): WhoStore {
  return {
    ...createUsers(parts),
    ...createUserWrites(parts),
    ...createApiTokens(parts),
    ...createSessions(parts),
    ...createAuditReader(parts.database),
  }
}
