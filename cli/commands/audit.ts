import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { listFlags, listOptions, listUsage, printList } from '../list.ts'
import { command, limit } from '../options.ts'
import { showDownload } from '../show-download.ts'
import { textOf } from '../text-of.ts'
import { clockTime, Since } from '../time.ts'

const filterFlags = {
  author: { type: 'string' },
  action: { type: 'string' },
  subject: { type: 'string' },
  text: { type: 'string' },
  since: { type: 'string' },
  until: { type: 'string' },
} as const

const filterUsage = '[--author USER] [--action ACTION] [--subject SUBJECT] [--text TEXT] [--since TIME] [--until TIME]'

const filterOptions = {
  author: z.string().optional().describe('Only what this user wrote, or the node or part of the server of this name.'),
  action: z.string().optional().describe("Only such writes: 'assign', as the list shows them."),
  subject: z
    .string()
    .optional()
    .describe('Only writes of this subject, as the list shows it: the name of a node, for one.'),
  text: z
    .string()
    .optional()
    .describe(
      'Only where this is in the action, the subject, what was before or is after, or the address or token that it came from.',
    ),
  since: Since.optional().describe('Only what was written since then: 7d, 12h, 2026-11-01; all if not said.'),
  until: Since.optional().describe('Only what was written before: 1d, 2026-11-08T12:00.'),
}

type Filter = z.infer<z.ZodObject<typeof filterOptions>>

function asked({ since, until, author, action, subject, text }: Filter, now: number) {
  return { author, action, subject, text, from: since?.(now), to: until?.(now) }
}

export const exportAudit = command({
  usage: `export audit ${filterUsage} [--csv]`,
  summary: 'Print who wrote what, newest first, as JSON lines or CSV, for other programs.',
  details: `Example: trivet export audit --since 30d --csv > audit.csv
In CSV times are RFC 3339, and what a spreadsheet would take for a formula begins with an apostrophe.`,
  flags: { ...filterFlags, csv: { type: 'boolean' } },
  options: z.object({ ...filterOptions, csv: z.boolean().default(false).describe('CSV instead of JSON lines.') }),

  async run({ csv, ...filter }, context) {
    const input = { ...asked(filter, context.now()), format: csv ? ('csv' as const) : ('jsonl' as const) }
    const parts = (await context.api()).download(api.exportAudit, input)
    const shown = showDownload(parts, { what: 'Audit', quiet: context.stdoutIsTerminal }, context)
    for await (const text of textOf(shown)) context.output.line(text)
  },
})

export const audit = command({
  usage: `audit ${filterUsage} [--limit N] ${listUsage}`,
  summary: 'Who wrote what, newest first.',
  details: 'Example: trivet audit --author ann --since 7d',
  flags: { ...filterFlags, limit: { type: 'string' }, ...listFlags },
  options: z.object({ ...filterOptions, limit: limit(50, 100_000), ...listOptions(api.listAudit) }),

  async run({ limit: most, sort, json: asJson, jsonl: asLines, ...filter }, context) {
    const input = { ...asked(filter, context.now()), sort }
    const entries = await (await context.api()).list(api.listAudit, input, most)
    const row = ({ at, author, token, from, action, subject, before, after }: (typeof entries)[number]) => ({
      at: clockTime(at),
      author,
      from: [from, token].filter(Boolean).join(' '),
      action,
      subject,
      before: valueText(before),
      after: valueText(after),
    })
    printList(entries, { json: asJson, jsonl: asLines, row, empty: 'No write is like that.' }, context)
  },
})

function valueText(value: unknown) {
  return value === undefined || value === null ? '' : JSON.stringify(value)
}
