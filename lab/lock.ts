import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Does `work` while no other process holds the lock of this file. A `flock ... cat` holds it: its echo says that the lock is
 * ours, and it ends with our pipe, however we end.
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true })
  const holder = spawn('flock', ['-x', path, 'cat'], { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
  const ended = once(holder, 'close')
  holder.stdin.write('locked\n')
  const locked = await Promise.race([once(holder.stdout, 'data'), ended.then(() => undefined)])
  if (!locked) throw new Error(`flock could not lock ${path}.`)
  try {
    return await work()
  } finally {
    holder.stdin.end()
    await ended
  }
}
