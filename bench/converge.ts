import { z } from 'zod'
import { type CommandContext, defineCommand } from '../cli/command.ts'
import { benchmark, commonFlags, commonOptions, listOf } from './command.ts'
import { startsChildren } from './converge/children.ts'
import { Peer } from './converge/contenders.ts'
import { furnish, siteFor } from './converge/furnish.ts'
import { figuresOf, markdownOf } from './converge/report.ts'
import { measureWork } from './converge/rounds.ts'
import { workNames, works } from './converge/works.ts'
import { readMachine } from './machine.ts'
import { memoryOf } from './process.ts'
import { agentPid } from './resident.ts'
import { withRole } from './site.ts'

const versions: Record<Peer, Record<string, string[]>> = {
  puppet: { Puppet: ['puppet', '--version'] },
  cfengine: { CFEngine: ['cf-agent', '--version'] },
  ansible: { Ansible: ['ansible', '--version'] },
}

export const converge = defineCommand<CommandContext>()({
  usage:
    'converge [--runs N] [--works W1,W2,W5,W3,W4] [--peers puppet,cfengine] [--childless N] [--write-readme] [--json]',
  summary: 'Runs: ours, one-shot and resident, beside peers and the bare limit in Node.js.',
  details: 'Boots a lab node with all of them; needs what a lab needs. bench/README.md says what is measured and how.',
  flags: {
    runs: { type: 'string' },
    works: { type: 'string' },
    peers: { type: 'string' },
    childless: { type: 'string' },
    ...commonFlags,
  },
  options: z.object({
    ...commonOptions,
    runs: z.coerce.number().int().min(1).max(1000).default(7).describe('How often each is measured.'),
    works: listOf(z.enum(workNames))
      .default([...workNames])
      .describe('What is to be done.'),
    peers: listOf(Peer)
      .default(['puppet', 'cfengine'])
      .describe('Which peers; nothing after the comma names none. ansible takes minutes a run.'),
    childless: z.coerce
      .number()
      .int()
      .min(1)
      .default(50)
      .describe('In how many resident runs of W2 no process may be started.'),
  }),

  async run({ runs, works: wanted, peers, childless, ...told }, context) {
    await benchmark(
      { section: 'converge', site: siteFor(peers), told, context },
      async (site, measuring) => {
        await furnish(site)
        const measurements = []
        let children: { runs: number; started: boolean } | undefined
        for (const work of wanted.map((name) => works[name])) {
          const measure = () => measureWork(work, { runs, peers, ...measuring }, site)
          measurements.push(...(await withRole(work.set.role, site, measure)))
        }
        if (wanted.includes('W2')) {
          const { set } = works.W2
          measuring.note(`W2: ${childless} resident runs that are to start no process`)
          const started = await withRole(set.role, site, () => startsChildren(set, childless, site))
          children = { runs: childless, started }
        }
        const machine = await readMachine(site, Object.assign({}, ...peers.map((peer) => versions[peer])))
        const resident = await memoryOf(await agentPid(site), site)
        return { machine, figures: figuresOf(measurements), measurements, children, resident }
      },
      markdownOf,
    )
  },
})
