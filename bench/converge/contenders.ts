import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { sha256 } from '../../protocol/catalog.ts'
import { cfengineFiles, cfengineFolder } from './cfengine.ts'
import { puppetFiles, puppetFolder } from './puppet.ts'
import { insideFolder, type Site } from './site.ts'
import type { WorkSet } from './work-sets.ts'

const node = '/usr/lib/trivet/node'
export const names = {
  oneShot: 'trivet-agent converge',
  resident: 'trivet-agent, resident',
  puppet: 'puppet apply',
  cfengine: 'cf-agent',
  limit: 'Node.js limit, cold',
  warmLimit: 'Node.js limit, warm',
} as const
export const Peer = z.enum(['puppet', 'cfengine'])
export type Peer = z.infer<typeof Peer>

/** A program that is started, makes or checks the set once, and ends. */
export interface Contender {
  name: string
  argv: string[]
  /** Exit codes of a run that found all as wanted, and of one that repaired. */
  unchanged: number
  changed: number
  /** Whether it makes right what is wrong; the limit only says so. */
  repairs: boolean
  /** Whether a run that changed nothing prints nothing: the word of a program whose exit code does not tell. */
  silent?: true
}

/** All that is started for a run on this set; lays what they need into the node. */
export async function contendersFor(set: WorkSet, peers: Peer[], site: Site): Promise<Contender[]> {
  const state = `${insideFolder}/state-${set.name}`
  // The resident agent's own, so that both have the same catalog from the same server; a copy, so that neither waits for the other.
  await site.must(['cp', '--archive', '/var/lib/trivet-agent', state])
  await site.must(['rm', '--', `${state}/daemon.lock`])
  // The agent knows a catalog that it has read before by its inode, so this file is a link and no copy. It is never written in place.
  await site.must(['ln', '--force', '--', '/var/lib/trivet-agent/catalog.json', `${state}/catalog.json`])
  await site.node.write(wantedPath(set), JSON.stringify(wantedOf(set)))
  const all = peers.map((peer) => makers[peer](set))
  for (const [path, content] of all.flatMap(({ files }) => [...files])) await site.node.write(path, content, '0600')
  const oneShot = {
    name: names.oneShot,
    argv: ['/usr/bin/trivet-agent', 'converge', '--offline', '--detailed-exitcodes', '--state', state],
    unchanged: 0,
    changed: 2,
    repairs: true,
  }
  const limit = { name: names.limit, argv: [...limitArgv(set)], unchanged: 0, changed: 1, repairs: false }
  return [oneShot, ...all.map(({ contender }) => contender), limit]
}

export function limitArgv(set: WorkSet) {
  return [node, `${insideFolder}/limit.cjs`, wantedPath(set)]
}

const makers: Record<Peer, (set: WorkSet) => { contender: Contender; files: Map<string, string> }> = {
  puppet: (set) => ({
    files: puppetFiles(set),
    contender: {
      name: names.puppet,
      argv: [
        'puppet',
        'apply',
        '--detailed-exitcodes',
        `--modulepath=${puppetFolder}/modules`,
        `${puppetFolder}/${set.name}.pp`,
      ],
      unchanged: 0,
      changed: 2,
      repairs: true,
    },
  }),
  cfengine: (set) => ({
    files: cfengineFiles(set),
    contender: {
      name: names.cfengine,
      argv: ['cf-agent', '--no-lock', '--inform', '--file', `${cfengineFolder}/${set.name}.cf`],
      unchanged: 0,
      changed: 0,
      repairs: true,
      silent: true,
    },
  }),
}

const Timed = z.object({
  exitCode: z.int().nullable(),
  wallMs: z.number(),
  cpuMs: z.number(),
  peakMb: z.number(),
  said: z.string(),
})
export type Timed = z.infer<typeof Timed>

/** Runs it once in the node; any other exit code than the one expected is an error with what the program said. */
export async function timed({ name, argv }: Contender, expected: number, site: Site): Promise<Timed> {
  const result = Timed.parse(JSON.parse(await site.must([node, `${insideFolder}/timer.cjs`, ...argv])))
  if (result.exitCode === expected) return result
  throw new CommandError(`${name} exited with ${result.exitCode}, not with ${expected}. It said:\n${result.said}`)
}

function wantedPath({ name }: WorkSet) {
  return `${insideFolder}/${name}.json`
}

function wantedOf({ files, directories, packages, services }: WorkSet) {
  return { files: files.map(({ path, content }) => [path, sha256(content)]), directories, packages, services }
}
