import { randomBytes } from 'node:crypto'
import { closeSync, constants, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf } from '../protocol/errors.ts'
import type { ResolvedAccess } from './host.ts'
import { setAccess } from './ownership.ts'

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY, O_RDONLY, O_DIRECTORY } = constants

/** A reader meets the old file or the new one, never half of it; a power cut leaves one of the two. `verify` may refuse the candidate. */
export async function writeAtomically(
  path: string,
  bytes: Buffer,
  access: ResolvedAccess,
  verify: (candidate: string) => Promise<void> = async () => {},
) {
  const candidate = temporaryBeside(path)
  try {
    writeNew(candidate, bytes, access)
    await verify(candidate)
    renameSync(candidate, path)
  } catch (error) {
    rmSync(candidate, { force: true })
    throw explained(error, path)
  }
  syncDirectory(dirname(path))
}

function writeNew(path: string, bytes: Buffer, access: ResolvedAccess) {
  // Closed to all until owner and mode are right; the umask cuts the mode given to open.
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    writeFileSync(fd, bytes)
    setAccess(fd, access)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/**
 * Begins with a dot, since programs that read whole directories pass such files by, and ends like the target, since
 * verifiers look at the suffix. What a killed agent left of this target is taken away.
 */
export function temporaryBeside(path: string) {
  const name = basename(path).slice(-200)
  const ours = (entry: string) => entry.startsWith('.trivet-') && entry.slice('.trivet-'.length + 17) === name
  try {
    for (const left of readdirSync(dirname(path)).filter(ours)) rmSync(join(dirname(path), left), { force: true })
  } catch (error) {
    throw explained(error, path)
  }
  return join(dirname(path), `.trivet-${randomBytes(8).toString('hex')}-${name}`)
}

export function syncDirectory(path: string) {
  const fd = openSync(path, O_RDONLY | O_DIRECTORY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

const advice: Record<string, string> = {
  ENOENT: 'its directory does not exist. Declare it before the file',
  ENOTDIR: 'its directory is not a directory',
  ENOSPC: 'no space is left on the device. Free some; the next run tries again',
  EDQUOT: 'the quota is used up. Free some; the next run tries again',
  EROFS: 'the file system is read-only',
}

/** Errors of the kernel in words that say what to do next; others as they are. */
export function explained(error: unknown, path: string) {
  const code = codeOf(error) ?? ''
  const why = advice[code]
  return why ? new Error(`${path} cannot be written: ${why} (${code}, ${dirname(path)}).`, { cause: error }) : error
}
