import { readdirSync, readFileSync } from 'node:fs'
import { hasCode } from '../../protocol/errors.ts'

/** Every process there is, by its pid. */
export function allPids() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** What /proc/PID/stat, proc(5), says of a process; undefined when it has ended. */
export function processOf(pid: number) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // From the third field on: the name before it may hold anything, brackets too.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0], parent: Number(fields[1]), startedAt: fields[19] }
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return undefined
    throw error
  }
}

/** Another one at each boot (random(4)). */
export function readBootId() {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}
