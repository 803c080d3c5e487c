import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { hasCode } from './errors.ts'

/** A lock that a process holds as long as it lives: a file that names the holder by pid, start time and boot. */
export interface Lock {
  release: () => void
}

/** The lock, or the pid of the living process that holds it. */
export function tryLock(path: string): Lock | { heldBy: number } {
  const mine = `${path}.${process.pid}`
  const me = holderText(process.pid)
  writeFileSync(mine, me, { mode: 0o600 })
  try {
    for (;;) {
      if (linked(mine, path)) return { release: () => rmSync(path, { force: true }) }
      const holder = readHolder(path)
      if (holder !== undefined && isAlive(holder)) return { heldBy: pidOf(holder) }
      if (holder !== undefined) removeStale(path, holder)
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

/** Waits for the lock; `waiting` is told once who holds it. */
export async function waitForLock(path: string, waiting: (pid: number) => void = () => {}): Promise<Lock> {
  for (let told = false; ; told = true) {
    const lock = tryLock(path)
    if ('release' in lock) return lock
    if (!told) waiting(lock.heldBy)
    await delay(100)
  }
}

/** The pid of the living process that holds the lock, or undefined. */
export function holderOf(path: string) {
  const holder = readHolder(path)
  return holder !== undefined && isAlive(holder) ? pidOf(holder) : undefined
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

// Of two that find the same dead holder only one gets to rename it; whoever finds that he renamed a lock made in between puts it back.
function removeStale(path: string, holder: string) {
  const taken = `${path}.stale.${process.pid}`
  try {
    renameSync(path, taken)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return
    throw error
  }
  if (readFileSync(taken, 'utf8') !== holder) linked(taken, path)
  rmSync(taken)
}

function readHolder(path: string) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

function pidOf(holder: string) {
  return Number.parseInt(holder, 10)
}

function isAlive(holder: string) {
  return holderText(pidOf(holder)) === holder
}

// A pid alone may be another process by now; with its start time (field 22 of /proc/PID/stat, proc(5)) and the boot it is one.
function holderText(pid: number) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return `${pid} ${started} ${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}`
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return ''
    throw error
  }
}
