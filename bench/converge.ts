import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { type CommandContext, defineCommand } from '../cli/command.ts'
import { Peer } from './converge/contenders.ts'
import { readMachine } from './converge/machine.ts'
import { figuresOf, markdownOf } from './converge/report.ts'
import { residentMemory } from './converge/resident.ts'
import { measureSet } from './converge/rounds.ts'
import { upSite } from './converge/site.ts'
import { workSetNames, workSets } from './converge/work-sets.ts'
import { replaceSection } from './markdown.ts'

const readme = new URL('README.md', import.meta.url)

function listOf<Item extends z.ZodType<unknown, string>>(item: Item) {
  return z
    .string()
    .transform((text) => text.split(',').filter(Boolean))
    .pipe(z.array(item))
}

export const converge = defineCommand<CommandContext>()({
  usage: 'converge [--runs N] [--sets W1,W2,W5] [--peers puppet,cfengine] [--write-readme] [--json]',
  summary: 'A run with nothing to change: ours, one-shot and resident, beside peers and the bare limit in Node.js.',
  details: 'Boots a lab node with all of them; needs what a lab needs. bench/README.md says what is measured and how.',
  flags: {
    runs: { type: 'string' },
    sets: { type: 'string' },
    peers: { type: 'string' },
    'write-readme': { type: 'boolean' },
    json: { type: 'boolean' },
  },
  options: z.object({
    operands: z.tuple([]),
    runs: z.coerce.number().int().min(1).max(1000).default(7).describe('How often each is measured.'),
    sets: listOf(z.enum(workSetNames))
      .default([...workSetNames])
      .describe('Which work sets.'),
    peers: listOf(Peer).default(Peer.options).describe('Which peers; nothing after the comma names none.'),
    'write-readme': z.boolean().default(false).describe('Put the tables into bench/README.md.'),
    json: z.boolean().default(false).describe('Print { machine, figures, measurements, resident } as JSON.'),
  }),

  async run({ runs, sets, peers, json, 'write-readme': write }, context) {
    const note = (text: string) => context.output.note(text)
    const signal = context.interrupted()
    const site = await upSite(note)
    try {
      const measurements = []
      for (const name of sets)
        measurements.push(...(await measureSet(workSets[name], { runs, peers, note, signal }, site)))
      const [machine, resident] = [await readMachine(site, peers), await residentMemory(site)]
      const figures = figuresOf(measurements)
      const markdown = markdownOf({ machine, measurements, figures, resident })
      if (write) writeFileSync(readme, replaceSection(readFileSync(readme, 'utf8'), 'converge', markdown))
      if (json) context.output.json({ machine, figures, measurements, resident })
      else context.output.line(markdown)
    } finally {
      await site.down()
    }
  },
})
