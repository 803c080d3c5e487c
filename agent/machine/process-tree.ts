import { readFileSync } from 'node:fs'
import { codeOf, hasCode } from '../../protocol/errors.ts'
import { allPids, processOf } from './proc.ts'

/** What is started while others are killed is killed in the next round; nothing forks faster than so many. */
const mostRounds = 20

/**
 * Kills the process group that `pid` heads, its children's children, whatever group or session they have moved to, and all that `mark`, as
 * `NAME=VALUE`, is in the environment of: a daemon that has forked twice is nobody's child.
 */
export function killTree(pid: number, mark: string) {
  const killed = new Set<number>()
  for (let rounds = 0; rounds < mostRounds; rounds++) {
    const fresh = [-pid, ...descendantsOf(pid), ...markedBy(mark)].filter((one) => !killed.has(one))
    if (fresh.length === 0) return
    for (const target of fresh) {
      killed.add(target)
      kill(target)
    }
  }
}

function kill(target: number) {
  try {
    process.kill(target, 'SIGKILL')
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error
  }
}

function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const one of allPids()) {
    const parent = processOf(one)?.parent
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), one])
  }
  const found: number[] = []
  for (let next = children.get(pid) ?? []; next.length > 0; next = next.flatMap((one) => children.get(one) ?? [])) {
    found.push(...next)
  }
  return found
}

function markedBy(mark: string) {
  return allPids().filter((pid) => environmentOf(pid).includes(mark))
}

function environmentOf(pid: number) {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
  } catch (error) {
    // It has ended, or is of somebody whose environment is none of ours.
    if (codeOf(error) === undefined) throw error
    return []
  }
}
