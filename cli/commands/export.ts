import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { RunMode, RunOutcome, Trigger } from '../../protocol/events.ts'
import { Name } from '../../protocol/name.ts'
import { command } from '../options.ts'
import { showDownload } from '../show-download.ts'
import { textOf } from '../text-of.ts'
import { Since } from '../time.ts'

export const exportRuns = command({
  usage:
    'export runs [--since TIME] [--until TIME] [--node NODE] [--cluster C] [--outcome OUTCOME] [--trigger TRIGGER] [--mode MODE] [--csv] [--events]',
  summary: 'Print runs, newest first, as JSON lines or CSV, for other programs.',
  details: `Example: trivet export runs --since 7d --csv > runs.csv
In CSV times are RFC 3339, and what a spreadsheet would take for a formula begins with an apostrophe.`,
  flags: {
    since: { type: 'string' },
    until: { type: 'string' },
    node: { type: 'string' },
    cluster: { type: 'string' },
    outcome: { type: 'string' },
    trigger: { type: 'string' },
    mode: { type: 'string' },
    csv: { type: 'boolean' },
    events: { type: 'boolean' },
  },
  options: z.object({
    since: Since.optional().describe('Only runs that ended since then: 7d, 12h, 2026-11-01; all if not said.'),
    until: Since.optional().describe('Only runs that ended before: 1d, 2026-11-08T12:00.'),
    node: Name.optional().describe('Only runs of this node.'),
    cluster: Name.optional().describe('Only runs of nodes of this cluster.'),
    outcome: RunOutcome.optional().describe(`Only runs that ended so: ${RunOutcome.options.join(', ')}.`),
    trigger: Trigger.optional().describe(`Only runs that began so: ${Trigger.options.join(', ')}.`),
    mode: RunMode.optional().describe('Only converge, or only plan.'),
    csv: z.boolean().default(false).describe('CSV instead of JSON lines.'),
    events: z.boolean().default(false).describe('With what became of each resource; not in CSV.'),
  }),

  async run({ since, until, csv, ...filter }, context) {
    const now = context.now()
    const input = {
      ...filter,
      from: since?.(now),
      to: until?.(now),
      format: csv ? ('csv' as const) : ('jsonl' as const),
    }
    const parts = (await context.api()).download(api.exportRuns, input)
    // Where the data itself comes by, it tells how far it is.
    const shown = showDownload(parts, { what: 'Runs', quiet: context.stdoutIsTerminal }, context)
    for await (const text of textOf(shown)) context.output.line(text)
  },
})
