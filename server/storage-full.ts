import { hasCode } from '../protocol/errors.ts'

/** As SQLite says it, and as the system does. */
export function isStorageFull(error: unknown) {
  return hasCode(error, 'SQLITE_FULL', 'ENOSPC', 'EDQUOT')
}
