import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { command, json, jsonFlag, limit } from '../options.ts'
import { clockTime } from '../time.ts'

export const audit = command({
  usage: 'audit [--limit N] [--json]',
  summary: 'Who wrote what, newest first.',
  flags: { limit: { type: 'string' }, ...jsonFlag },
  options: z.object({ limit: limit(50, 100_000), json }),

  async run({ limit: most, json: asJson }, context) {
    const entries = await (await context.api()).list(api.listAudit, {}, most)
    if (asJson) return context.output.json(entries)
    context.output.table(
      entries.map(({ at, author, action, subject, before, after }) => ({
        at: clockTime(at),
        author,
        action,
        subject,
        before: valueText(before),
        after: valueText(after),
      })),
      'Nothing was written yet.',
    )
  },
})

function valueText(value: unknown) {
  return value === undefined || value === null ? '' : JSON.stringify(value)
}
