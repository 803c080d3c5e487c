import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { changesOf, RunMode, RunOutcome, Trigger } from '../../protocol/events.ts'
import { Name } from '../../protocol/name.ts'
import type { StoredRun } from '../../protocol/views.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { printList, shownFlags, shownOptions, shownUsage } from '../list.ts'
import { command, json, jsonFlag, limit } from '../options.ts'
import { paintWord } from '../paint.ts'
import { countsText, eventLines, runFacts } from '../run-text.ts'
import { relative, Since, took } from '../time.ts'
import { runWatch } from './run-watch.ts'

const filterFlags = {
  node: { type: 'string' },
  role: { type: 'string' },
  cluster: { type: 'string' },
  outcome: { type: 'string' },
  trigger: { type: 'string' },
  mode: { type: 'string' },
  drift: { type: 'boolean' },
  since: { type: 'string' },
  until: { type: 'string' },
  resource: { type: 'string' },
  order: { type: 'string' },
  limit: { type: 'string' },
  after: { type: 'string' },
  ...shownFlags,
} as const

const filterOptions = {
  node: Name.optional().describe('Only runs of this node.'),
  role: Name.optional().describe('Only runs of nodes that have this role now.'),
  cluster: Name.optional().describe('Only runs of nodes of this cluster.'),
  outcome: RunOutcome.optional().describe(`Only runs that ended so: ${RunOutcome.options.join(', ')}.`),
  trigger: Trigger.optional().describe(`Only runs that began so: ${Trigger.options.join(', ')}.`),
  mode: RunMode.optional().describe('Only converge, or only plan.'),
  drift: z.boolean().optional().describe('Only runs that found what others had changed; --no-drift: that found none.'),
  since: Since.optional().describe('Only runs that ended since then: 7d, 12h, 2026-11-01; all if not said.'),
  until: Since.optional().describe('Only runs that ended before: 1d, 2026-11-08T12:00.'),
  resource: z.string().optional().describe("Only runs in which something became of it: 'file[/etc/motd]'."),
  order: z.string().optional().describe('Only runs that answer this order.'),
  limit: limit(20, 1000),
  after: z.string().optional().describe('Go on where the page before ended, as it told.'),
  ...shownOptions,
}
type Asked = z.infer<z.ZodObject<typeof filterOptions>>

const filterUsage = `[--node NODE] [--role R] [--cluster C] [--outcome OUTCOME] [--trigger TRIGGER] [--mode MODE] [--drift] [--since TIME] [--until TIME] [--resource RESOURCE] [--order ORDER] [--limit N] [--after PAGE] ${shownUsage}`

const list = command({
  usage: `run list ${filterUsage}`,
  summary: 'List runs, newest first.',
  flags: filterFlags,
  options: z.object({ ...filterOptions, operands: z.array(z.string()) }),
  run: ({ operands: _none, ...filter }, context) => print(filter, undefined, context),
})

const search = command({
  usage: `run search TEXT... ${filterUsage}`,
  summary: 'Find runs by the words of what was told of them: resources, files, errors, diffs.',
  details:
    "All words must be there; a word that ends in * stands for those that begin so. Example: trivet run search haproxy 'time*' --outcome failed",
  flags: filterFlags,
  options: z.object({ ...filterOptions, operands: z.array(z.string()) }),
  run: ({ operands: words, ...filter }, context) => print(filter, words.join(' '), context),
})

async function print(
  { json: asJson, jsonl: asLines, since, until, limit: most, after, ...filter }: Asked,
  text: string | undefined,
  context: Context,
) {
  const now = context.now()
  const input = { ...filter, from: since?.(now), to: until?.(now), limit: most, after, text }
  const { items: runs, next } = await (await context.api()).call(api.listRuns, input)
  const row = (run: StoredRun) => ({
    run: run.id.slice(0, 8),
    node: run.node,
    mode: run.mode,
    outcome: paintWord(context.paint, run.outcome),
    resources: run.error?.split('\n')[0] ?? countsText(run.counts),
    why: run.trigger,
    started: relative(run.startedAt, now),
    took: took(run.finishedAt - run.startedAt),
  })
  printList(runs, { json: asJson, jsonl: asLines, row, empty: 'No run is like that.' }, context)
  if (next !== null) context.output.note(`Older ones: --after ${next}`)
}

const show = command({
  usage: 'run show RUN [--diff] [--json]',
  summary: 'Show one run: what changed, failed or was skipped, and why. RUN may be cut short.',
  flags: { diff: { type: 'boolean' }, ...jsonFlag },
  options: z.object({
    operands: z.tuple([z.string().min(4, 'at least four letters of its id')]),
    diff: z.boolean().default(false).describe('Also how texts changed, line by line.'),
    json,
  }),

  async run({ operands: [id], diff, json: asJson }, context) {
    const found = await (await context.api()).call(api.readRun, { id })
    if (asJson) return context.output.json(found)
    context.output.line(runFacts(found.run, context.now(), context.paint))
    if (found.events.length === 0) return
    context.output.line('')
    for (const event of found.events) context.output.line(eventLines(event, context.paint, { diff }).join('\n'))
    const hidden = !diff && found.events.some((event) => changesOf(event).some((change) => change.diff))
    if (hidden) context.output.note('--diff shows how texts changed.')
  },
})

export const runCommands: Command<Context>[] = [list, search, show, runWatch]
