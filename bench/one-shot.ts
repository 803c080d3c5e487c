import { z } from 'zod'
import { CommandError } from '../cli/command.ts'
import { agentFolder, insideFolder, nodeProgram, type Site } from './site.ts'

const Timed = z.object({
  exitCode: z.int().nullable(),
  wallMs: z.number(),
  cpuMs: z.number(),
  peakMb: z.number(),
  said: z.string(),
})
export type Timed = z.infer<typeof Timed>

/** Runs a program once in the node; any other exit code than the one expected is an error with what the program said. */
export async function timed({ name, argv }: { name: string; argv: string[] }, expected: number, site: Site) {
  const result = Timed.parse(JSON.parse(await site.must([nodeProgram, `${insideFolder}/timer.cjs`, ...argv])))
  if (result.exitCode === expected) return result
  throw new CommandError(`${name} exited with ${result.exitCode}, not with ${expected}. It said:\n${result.said}`)
}

/** Our one-shot run. Its state folder is a copy of the resident agent's, so that neither waits for the other. */
export async function oneShot(purpose: string, { must }: Site) {
  const state = oneShotState(purpose)
  await must(['rm', '-rf', '--', state])
  await must(['cp', '--archive', agentFolder, state])
  await must(['rm', '--', `${state}/daemon.lock`])
  // The agent knows a catalog that it has read before by its inode, so this file is a link and no copy. It is never written in place.
  await must(['ln', '--force', '--', `${agentFolder}/catalog.json`, `${state}/catalog.json`])
  return {
    name: 'trivet-agent converge',
    argv: ['/usr/bin/trivet-agent', 'converge', '--offline', '--detailed-exitcodes', '--state', state],
    unchanged: 0,
    changed: 2,
    repairs: true,
  }
}

export function oneShotState(purpose: string) {
  return `${insideFolder}/state-${purpose}`
}
