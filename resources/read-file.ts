import { createHash, hash } from 'node:crypto'
import { closeSync, constants, lstatSync, openSync, readSync, type Stats } from 'node:fs'
import { unlessMissing } from '../protocol/errors.ts'

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
/** One buffer for all reads: allocating one for each of a thousand files costs more than reading them. */
const buffer = Buffer.allocUnsafe(64 * 1024)

/** What lies at the path itself, links not followed; undefined if nothing does. */
export function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch (error) {
    return unlessMissing(error)
  }
}

/** SHA-256 of a regular file's bytes, read in pieces. */
export function hashFile(path: string) {
  // Not blocking: somebody may have put a pipe where the file was.
  const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const first = readSync(fd, buffer)
    if (first < buffer.length) return hash('sha256', buffer.subarray(0, first), 'hex')
    const hashing = createHash('sha256').update(buffer)
    for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer))
      hashing.update(buffer.subarray(0, read))
    return hashing.digest('hex')
  } finally {
    closeSync(fd)
  }
}

/** `directory`, `link`, …: what a path is, in one word. */
export function kindOf(found: Stats) {
  if (found.isFile()) return 'file'
  if (found.isDirectory()) return 'directory'
  if (found.isSymbolicLink()) return 'link'
  return found.isFIFO() ? 'pipe' : found.isSocket() ? 'socket' : 'device'
}

/** What `ensure` is now, to a type that manages things of `kind`. */
export function presence(found: Stats | undefined, kind: ReturnType<typeof kindOf>) {
  if (!found) return 'absent'
  return kindOf(found) === kind ? 'present' : kindOf(found)
}
