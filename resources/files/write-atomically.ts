import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fsync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf, unlessMissing } from '../../protocol/errors.ts'
import { faultPoint } from '../fault-points.ts'
import type { ResolvedAccess } from '../host.ts'
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
    await writeNew(candidate, bytes, access)
    await verify(candidate)
    faultPoint('file.accepted')
    renameSync(candidate, path)
  } catch (error) {
    rmSync(candidate, { force: true })
    throw explained(error, path)
  }
  faultPoint('file.renamed')
  syncLater(dirname(path))
}

async function writeNew(path: string, bytes: Buffer, access: ResolvedAccess) {
  // Closed to all until owner and mode are right, and to its owner no more open than wanted; the umask cuts the mode given to open.
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, access.mode & 0o600)
  try {
    faultPoint('file.opened')
    writeFileSync(fd, bytes)
    faultPoint('file.written')
    setAccess(fd, access)
    faultPoint('file.set')
    await synced(fd)
    faultPoint('file.synced')
  } finally {
    closeSync(fd)
  }
}

// Beside the thread that writes on.
function synced(fd: number) {
  return new Promise<void>((resolve, reject) => {
    fsync(fd, (error) => (error ? reject(error) : resolve()))
  })
}

const swept = new Set<string>()
/** In the names of what this process makes: that is under way, whatever other name its folder is found by. */
const ours = randomBytes(4).toString('hex')

/** A run was cut off in the middle: what it left behind is looked for anew. */
export function sweepAnew() {
  swept.clear()
}

/**
 * Begins with a dot, since programs that read whole directories pass such files by, and ends like the target, since
 * verifiers look at the suffix. What a killed agent left in the directory is taken away the first time that one is asked for in it.
 */
export function temporaryBeside(path: string) {
  const directory = dirname(path)
  try {
    if (!swept.has(directory)) sweep(directory)
  } catch (error) {
    throw explained(error, path)
  }
  return join(directory, `.trivet-${ours}${randomBytes(4).toString('hex')}-${basename(path).slice(-200)}`)
}

function sweep(directory: string) {
  for (const left of readdirSync(directory)) {
    if (/^\.trivet-[0-9a-f]{16}-/.test(left) && !left.startsWith(`.trivet-${ours}`))
      rmSync(join(directory, left), { force: true })
  }
  swept.add(directory)
}

const unsynced = new Set<string>()

/** A thousand files in one directory need it synced once: what was renamed or removed there is durable after `syncAll`. */
export function syncLater(directory: string) {
  unsynced.add(directory)
}

/** Makes durable what names were given and taken. A directory that is gone again needs nothing. */
export function syncAll() {
  for (const directory of unsynced) {
    try {
      syncDirectory(directory)
    } catch (error) {
      unlessMissing(error)
    }
    unsynced.delete(directory)
    faultPoint('names.synced')
  }
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
  EBUSY: 'something is mounted on it, so that nothing can take its place. Unmount that, or name what is mounted',
  EPERM: 'it or its directory may be immutable, which lsattr shows',
}

/** Errors of the kernel in words that say what to do next; others as they are. */
export function explained(error: unknown, path: string) {
  const code = codeOf(error) ?? ''
  const why = advice[code]
  return why ? new Error(`${path} cannot be written: ${why} (${code}, ${dirname(path)}).`, { cause: error }) : error
}
