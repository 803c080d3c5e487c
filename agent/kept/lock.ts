import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { hasCode } from '../../protocol/errors.ts'
import { processOf, readBootId } from '../machine/proc.ts'
import { moveAside, Unusable } from './state.ts'

/** A lock that a process holds as long as it lives: a file that names the holder by pid, start time and boot. */
export interface Lock {
  release: () => void
}

/** The lock, or the pid of the living process that holds it. */
export function tryLock(path: string): Lock | { heldBy: number } {
  const mine = `${path}.${process.pid}`
  const me = holderText(process.pid)
  try {
    writeOwn(mine, me)
    for (;;) {
      if (linked(mine, path)) return { release: () => rmSync(path, { force: true }) }
      const holder = readHolder(path)
      if (holder === undefined) continue
      if (isAlive(holder)) return { heldBy: pidOf(holder) }
      const remover = removeStale(path, holder)
      if (remover !== undefined) return { heldBy: remover }
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

/** Waits for the lock; `waiting` is told once who holds it. Rejects when `signal` ends the wait. */
export async function waitForLock(
  path: string,
  waiting: (pid: number) => void = () => {},
  signal?: AbortSignal,
): Promise<Lock> {
  for (let told = false; ; told = true) {
    const lock = tryLock(path)
    if ('release' in lock) return lock
    if (!told) waiting(lock.heldBy)
    if (signal?.aborted) throw new Error(`it was to end while it waited for the run of process ${lock.heldBy}`)
    await delay(100)
  }
}

/** The pid of the living process that holds the lock, or undefined. */
export function holderOf(path: string) {
  const holder = readHolder(path)
  return holder !== undefined && isAlive(holder) ? pidOf(holder) : undefined
}

function writeOwn(path: string, text: string) {
  try {
    writeFileSync(path, text, { mode: 0o600 })
  } catch (error) {
    throw new Unusable(path, error, 'Nothing is done without this lock. Make room where it lies.')
  }
}

function linked(from: string, to: string) {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

// Only whoever holds the right to remove may do so, and looks again first: else one of two that found the same
// dead holder could take away what the other has locked in between. Gives the pid of whoever is at it just now.
function removeStale(path: string, holder: string) {
  const right = tryLock(`${path}.stale`)
  if ('heldBy' in right) return right.heldBy
  if (readHolder(path) === holder) rmSync(path)
  right.release()
  return undefined
}

function readHolder(path: string) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    if (hasCode(error, 'EISDIR')) return moveAside(path, error)
    throw error
  }
}

function pidOf(holder: string) {
  return Number.parseInt(holder, 10)
}

// A power cut can leave an empty file: nobody's.
function isAlive(holder: string) {
  return holder !== '' && holderText(pidOf(holder)) === holder
}

// A pid alone may be another process by now; with its start time and the boot it is one. Empty when it has ended.
function holderText(pid: number) {
  const found = processOf(pid)
  // Z: it has ended, and nobody has asked how.
  return found && found.state !== 'Z' ? `${pid} ${found.startedAt} ${readBootId()}` : ''
}
