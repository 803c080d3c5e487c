import { readdirSync, readFileSync } from 'node:fs'
import { hasCode } from '../../protocol/errors.ts'

/** Kills the process group that `pid` heads, and its children's children too, whatever group or session they have moved to. */
export function killTree(pid: number) {
  const family = descendantsOf(pid)
  for (const target of [-pid, ...family]) {
    try {
      process.kill(target, 'SIGKILL')
    } catch (error) {
      if (!hasCode(error, 'ESRCH')) throw error
    }
  }
}

function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? parentOf(name) : undefined
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const found: number[] = []
  for (let next = children.get(pid) ?? []; next.length > 0; next = next.flatMap((one) => children.get(one) ?? [])) {
    found.push(...next)
  }
  return found
}

// Field 4 of /proc/PID/stat, proc(5); the name before it may hold anything, brackets too.
function parentOf(pid: string) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return undefined
    throw error
  }
}
