import { setTimeout as delay } from 'node:timers/promises'
import type { Site } from './site.ts'

/** Of a process, in MB: what it holds, what of that no file backs, and the most it ever held. */
export interface Memory {
  rssMb: number
  anonymousMb: number
  peakMb: number
}

export async function memoryOf(pid: number, { must }: Site): Promise<Memory> {
  const status = await must(['cat', `/proc/${pid}/status`])
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024
  return { rssMb: field('VmRSS'), anonymousMb: field('RssAnon'), peakMb: field('VmHWM') }
}

/** Processor time that a process takes in so many seconds, in ms a second. The kernel counts in steps of 10 ms. */
export async function cpuOver(seconds: number, pid: number, site: Site) {
  const before = await statOf(pid, site)
  await delay(seconds * 1000)
  const after = await statOf(pid, site)
  return (after.cpuMs - before.cpuMs) / seconds
}

/**
 * A number that rises with each child of the process that has ended: the page faults of all that it waited for, of which every program
 * makes some. NaN, which equals nothing, as long as a child lives.
 */
export async function traceOfChildren(pid: number, site: Site) {
  const living = await site.must(['sh', '-c', `pgrep --parent ${pid} || test $? = 1`])
  return living.trim() === '' ? (await statOf(pid, site)).childFaults : Number.NaN
}

// The second field is a name in brackets, which may hold anything (proc(5)).
async function statOf(pid: number, { must }: Site) {
  const stat = await must(['cat', `/proc/${pid}/stat`])
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const field = (number: number) => fields[number - 3] ?? Number.NaN
  return { childFaults: field(11), cpuMs: (field(14) + field(15)) * 10 }
}
