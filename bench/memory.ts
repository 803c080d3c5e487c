import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { type CommandContext, defineCommand } from '../cli/command.ts'
import { benchmark, commonFlags, commonOptions, type Measuring } from './command.ts'
import { furnish, siteFor } from './converge/furnish.ts'
import { type WorkSet, workSets } from './converge/work-sets.ts'
import { readMachine } from './machine.ts'
import { figuresOf, type Grown, markdownOf, type Rest } from './memory/report.ts'
import { type Memory, memoryOf } from './process.ts'
import { agentPid, order, restart } from './resident.ts'
import { agentFolder, type Site, withRole } from './site.ts'
import { spreadOf } from './statistics.ts'

const standardRestSeconds = 20
const number = z.coerce.number().int().min(1)

export const memory = defineCommand<CommandContext>()({
  usage: 'memory [--runs N] [--rest SECONDS] [--write-readme] [--json]',
  summary: 'What the resident agent holds: at rest, at its peak, and after many runs.',
  flags: { runs: { type: 'string' }, rest: { type: 'string' }, ...commonFlags },
  options: z.object({
    ...commonOptions,
    runs: number.default(1000).describe('Over how many runs with nothing to do it is watched growing.'),
    rest: number.default(standardRestSeconds).describe('Seconds after its first run at which it counts as at rest.'),
  }),

  async run({ runs, rest, ...told }, context) {
    await benchmark(
      { section: 'memory', site: siteFor([]), told, context },
      async (site, measuring) => {
        await furnish(site)
        const rests: Rest[] = []
        for (const set of [workSets.W5, workSets.W2, workSets.W1])
          rests.push(...(await restsOf(set, rest, measuring, site)))
        const grown = await withRole('w1', site, () => growth(runs, measuring, site))
        return { machine: await readMachine(site), figures: figuresOf(grown), rest, rests, grown }
      },
      markdownOf,
    )
  },
})

/** The daemon started anew, so long after the run that it begins with: one with nothing to do, and one that makes all of it. */
async function restsOf(set: WorkSet, seconds: number, { note, goOn }: Measuring, site: Site): Promise<Rest[]> {
  const { name, role, directories } = set
  return withRole(role, site, async () => {
    note(`${name}: make it so by our own server and agent`)
    await order(site)
    const rests: Rest[] = []
    for (const task of ['nothing to do', 'first converge'] as const) {
      goOn()
      note(`${name} ${task}: start the agent anew, and wait ${seconds} s after its first run`)
      await site.must(['systemctl', 'stop', 'trivet-agent'])
      if (task === 'first converge') await site.must(['rm', '-rf', '--', ...directories, `${agentFolder}/ledger`])
      await restart(site, task === 'first converge' ? 'changed' : 'unchanged')
      await delay(seconds * 1000)
      rests.push({ set: name, task, ...(await memoryOf(await agentPid(site), site)) })
    }
    return rests
  })
}

/** The daemon in the course of so many runs, in ten parts; its heap rises and falls from run to run. */
async function growth(runs: number, { note, goOn }: Measuring, site: Site): Promise<Grown[]> {
  await order(site)
  await restart(site, 'unchanged')
  const pid = await agentPid(site)
  const [part, grown]: [number, Grown[]] = [Math.ceil(runs / 10), []]
  for (let from = 1; from <= runs; from += part) {
    const looks: Memory[] = []
    const to = Math.min(runs, from + part - 1)
    for (let run = from; run <= to; run++) {
      goOn()
      await order(site)
      looks.push(await memoryOf(pid, site))
    }
    const spread = (key: keyof Memory) => spreadOf(looks.map((look) => look[key]))
    grown.push({
      from,
      to,
      rssMb: spread('rssMb'),
      anonymousMb: spread('anonymousMb').median,
      peakMb: spread('peakMb').max,
    })
    note(`run ${to} of ${runs}`)
  }
  return grown
}
