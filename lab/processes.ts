import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { hasCode } from '../protocol/errors.ts'
import type { ProcessId } from './state.ts'

/** Undefined when there is no such process (any more). */
export function processId(pid: number): ProcessId | undefined {
  const stat = readProc(pid, 'stat')
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (!fields || fields[0] === 'Z' || !fields[19]) return undefined
  return { pid, startTime: fields[19] }
}

export function isAlive(known: ProcessId | undefined): boolean {
  return known !== undefined && processId(known.pid)?.startTime === known.startTime
}

export function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error
  }
}

/** The systemd-nspawn processes whose root lies under `dir`; no file has to say which, so none can be lost or stale. */
export function findNspawns(dir: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const [program, ...args] = readProc(pid, 'cmdline')?.split('\0') ?? []
      return program === 'systemd-nspawn' && args.some((arg) => arg.startsWith(`--directory=${dir}/`))
    })
}

/** The node's PID 1 as the host sees it, once it is systemd; until then there is nothing to enter. */
export function findLeader(nspawn: number): number | undefined {
  const children = readProc(nspawn, `task/${nspawn}/children`)?.trim().split(' ') ?? []
  return children.map(Number).find((pid) => readProc(pid, 'comm')?.trim() === 'systemd')
}

function readProc(pid: number, file: string): string | undefined {
  const path = `/proc/${pid}/${file}`
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (!existsSync(`/proc/${pid}`) || hasCode(error, 'ESRCH')) return undefined
    throw error
  }
}
