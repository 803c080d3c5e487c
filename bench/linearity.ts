import { z } from 'zod'
import { type CommandContext, defineCommand } from '../cli/command.ts'
import { benchmark, commonFlags, commonOptions, listOf, type Measuring } from './command.ts'
import { siteFor } from './converge/furnish.ts'
import { type Costs, figuresOf, markdownOf } from './linearity/report.ts'
import { readMachine } from './machine.ts'
import { oneShot, timed } from './one-shot.ts'
import { memoryOf } from './process.ts'
import { agentPid, order, residentRun, restart } from './resident.ts'
import { filesIn } from './recipes/w1/wanted.ts'
import { agentFolder, type Site, withRole } from './site.ts'
import { spreadOf } from './statistics.ts'

const count = z.string().transform(Number).pipe(z.int().min(1))

export const linearity = defineCommand<CommandContext>()({
  usage: 'linearity [--counts 1000,5000,20000] [--runs N] [--write-readme] [--json]',
  summary: 'What a resource costs in small and in large catalogs.',
  flags: { counts: { type: 'string' }, runs: { type: 'string' }, ...commonFlags },
  options: z.object({
    ...commonOptions,
    counts: listOf(count).default([1000, 5000, 20_000]).describe('How many files.'),
    runs: count.default(5).describe('How often each is measured.'),
  }),

  async run({ counts, runs, ...told }, context) {
    await benchmark(
      { section: 'linearity', site: siteFor([]), told, context },
      async (site, measuring) => {
        const costs: Costs[] = []
        for (const files of counts) costs.push(await costsOf(files, runs, measuring, site))
        return { machine: await readMachine(site), figures: figuresOf(costs), costs }
      },
      markdownOf,
    )
  },
})

async function costsOf(files: number, runs: number, { note, goOn }: Measuring, site: Site): Promise<Costs> {
  note(`${files} files: make it so by our own server and agent`)
  await site.fleet.mustTrivet('node', 'set', site.node.name, 'many.count', String(files))
  return withRole('many', site, async () => {
    await order(site)
    // A daemon of its own for each number, whose memory is then that of this number.
    await restart(site, 'unchanged')
    const cold = await oneShot(`many-${files}`, site)
    const [resident, first, started]: [number[], number[], number[]] = [[], [], []]
    for (let run = 1; run <= runs; run++) {
      goOn()
      note(`${files} files: run ${run} of ${runs}`)
      await site.must(['rm', '-rf', '--', '/srv/many', `${agentFolder}/ledger`])
      first.push(await residentRun(site, 'changed'))
      resident.push(await residentRun(site, 'unchanged'))
      started.push((await timed(cold, cold.unchanged, site)).wallMs)
    }
    const { directories } = filesIn('/srv/many', files)
    return {
      files,
      resources: files + directories.length,
      firstMs: spreadOf(first).median,
      residentMs: spreadOf(resident).median,
      oneShotMs: spreadOf(started).median,
      peakMb: (await memoryOf(await agentPid(site), site)).peakMb,
    }
  })
}
