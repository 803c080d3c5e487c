import { z } from 'zod'
import { sha256 } from '../../protocol/catalog.ts'
import { oneShot } from '../one-shot.ts'
import { insideFolder, nodeProgram, type Site } from '../site.ts'
import { ansibleFiles, ansibleFolder } from './ansible.ts'
import { cfengineFiles, cfengineFolder } from './cfengine.ts'
import { puppetFiles, puppetFolder } from './puppet.ts'
import type { WorkSet } from './work-sets.ts'
import type { Work } from './works.ts'

export const names = {
  oneShot: 'trivet-agent converge',
  resident: 'trivet-agent, resident',
  puppet: 'puppet apply',
  cfengine: 'cf-agent',
  ansible: 'ansible-playbook',
  limit: 'Node.js limit, cold',
  warmLimit: 'Node.js limit, warm',
  limitInRow: 'Node.js limit, in a row',
} as const
export const Peer = z.enum(['puppet', 'cfengine', 'ansible'])
export type Peer = z.infer<typeof Peer>

/** A program that is started, makes or checks the set once, and ends. */
export interface Contender {
  name: string
  argv: string[]
  /** Exit codes of a run that found all as wanted, and of one that repaired. */
  unchanged: number
  changed: number
  /** Whether it makes right what is wrong; the limit of a run with nothing to do only says so. */
  repairs: boolean
  /** Of a program whose exit code does not tell: whether it says that it changed nothing. */
  saysUnchanged?: (said: string) => boolean
}

/** All that is started for this work; lays what they need into the node. */
export async function contendersFor(work: Work, peers: Peer[], site: Site): Promise<Contender[]> {
  await site.node.write(wantedPath(work), JSON.stringify(wantedOf(work)))
  const all = peers.map((peer) => makers[peer](work.set))
  for (const [path, content] of all.flatMap(({ files }) => [...files])) await site.node.write(path, content, '0600')
  const repairs = work.spoil !== undefined
  const limit = { name: names.limit, argv: limitArgv(work), unchanged: 0, changed: 1, repairs }
  return [await oneShot(work.name, site), ...all.map(({ contender }) => contender), limit]
}

/** `stay`: it lives on, and is told when to go over the set again. */
export function limitArgv(work: Work, stay = false) {
  const words = [...(work.spoil ? ['make'] : []), ...(stay ? ['stay'] : [])]
  return [nodeProgram, `${insideFolder}/limit.cjs`, wantedPath(work), ...words]
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
      saysUnchanged: (said) => said === '',
    },
  }),
  ansible: (set) => ({
    files: ansibleFiles(set),
    contender: {
      name: names.ansible,
      argv: [
        'env',
        `ANSIBLE_CONFIG=${ansibleFolder}/ansible.cfg`,
        'ansible-playbook',
        `${ansibleFolder}/${set.name}.yml`,
      ],
      unchanged: 0,
      changed: 0,
      repairs: true,
      saysUnchanged: (said) => said.includes('changed=0 '),
    },
  }),
}

function wantedPath({ name }: Work) {
  return `${insideFolder}/${name}.json`
}

// With content only where the limit has to write it: parsing that takes time.
function wantedOf({ set: { files, directories, packages, services }, spoil }: Work) {
  const told = files.map(({ path, content }) => [path, sha256(content), ...(spoil ? [content] : [])])
  return { files: told, directories, packages, services }
}
