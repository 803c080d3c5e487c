import { createHash, hash } from 'node:crypto'
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { unlessMissing } from '../../protocol/errors.ts'
import { faultPoint } from '../fault-points.ts'
import type { Files, Found, Kind, ResolvedAccess } from '../host.ts'
import { setAccess, setAccessOf } from './ownership.ts'
import { explained, syncAll, syncLater, temporaryBeside, writeAtomically } from './write-atomically.ts'

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants
/** One buffer for all reads: allocating one for each of a thousand files costs more than reading them. */
const buffer = Buffer.allocUnsafe(64 * 1024)

/** The files of this machine. */
export const realFiles: Files = {
  stat: statOf,
  read: (path) => readFileSync(path),
  hash: hashFile,
  readLink: (path) => readlinkSync(path),
  list: (path) => readdirSync(path).toSorted(),
  write: writeAtomically,
  adopt,
  setAccess: setAccessOf,
  makeDirectory,
  link,
  remove,
  removeTree: (path) => {
    rmSync(path, { recursive: true })
    faultPoint('tree.removed')
    syncLater(dirname(path))
  },
  sync: syncAll,
}

function statOf(path: string): Found | undefined {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false })
    return found && { kind: kindOf(found), mode: found.mode & 0o7777, uid: found.uid, gid: found.gid, size: found.size }
  } catch (error) {
    return unlessMissing(error)
  }
}

function kindOf(found: Stats): Kind {
  if (found.isFile()) return 'file'
  if (found.isDirectory()) return 'directory'
  if (found.isSymbolicLink()) return 'link'
  return found.isFIFO() ? 'pipe' : found.isSocket() ? 'socket' : 'device'
}

function hashFile(path: string) {
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

function adopt(candidate: string, path: string, access: ResolvedAccess) {
  setAccessOf(candidate, access)
  try {
    faultPoint('adopt.set')
    renameSync(candidate, path)
  } catch (error) {
    throw explained(error, path)
  }
  faultPoint('adopt.renamed')
  syncLater(dirname(path))
}

/** Closed to all until owner and mode are right. */
function makeDirectory(path: string, access: ResolvedAccess) {
  mkdirSync(path, { mode: access.mode & 0o700 })
  faultPoint('directory.made')
  const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_DIRECTORY)
  try {
    setAccess(fd, access)
  } finally {
    closeSync(fd)
  }
  faultPoint('directory.set')
  // Once with all that is made in it.
  syncLater(path)
  syncLater(dirname(path))
}

function link(path: string, target: string) {
  const candidate = temporaryBeside(path)
  try {
    symlinkSync(target, candidate)
    faultPoint('link.made')
    renameSync(candidate, path)
  } catch (error) {
    rmSync(candidate, { force: true })
    throw explained(error, path)
  }
  faultPoint('link.renamed')
  syncLater(dirname(path))
}

function remove(path: string) {
  if (statOf(path)?.kind === 'directory') rmdirSync(path)
  else unlinkSync(path)
  faultPoint('remove.removed')
  syncLater(dirname(path))
}
