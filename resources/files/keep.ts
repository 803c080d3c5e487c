import type { Change } from '../../protocol/events.ts'
import type { Found, Host } from '../host.ts'

/** It goes through memory. */
const mostBytes = 16 * 1024 * 1024

/** Keeps the file that is about to go, unless it is too large, and lets its change say under which hash. */
export function keepOld(path: string, found: Found | undefined, host: Host, change: Change | undefined) {
  if (change && found?.kind === 'file' && found.size <= mostBytes) change.kept = host.keep(host.files.read(path))
}
