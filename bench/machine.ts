import { cpus, release, totalmem } from 'node:os'
import type { Machine } from './figures.ts'
import { nodeProgram, type Site } from './site.ts'

/** `peers`: what each is asked its version by. */
export async function readMachine({ must }: Site, peers: Record<string, string[]> = {}): Promise<Machine> {
  const asked = { 'Node.js': [nodeProgram, '--version'], Trivet: ['trivet-agent', '--version'], ...peers }
  const versions: Record<string, string> = {}
  for (const [name, argv] of Object.entries(asked)) {
    versions[name] = /\d+(\.\d+)+/.exec(await must(argv))?.[0] ?? 'unknown'
  }
  return thisMachine(versions)
}

export function thisMachine(versions: Machine['versions']): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    versions,
  }
}
