import { z } from 'zod'
import { RunMode, RunOutcome, Trigger } from '../events.ts'
import { Name } from '../name.ts'
import { endpoint, flag, moment } from './endpoint.ts'
import { auditFilter } from './server.ts'

export const exportApi = {
  exportRuns: endpoint({
    method: 'GET',
    path: '/api/export/runs',
    access: 'viewer',
    scoped: true,
    summary: 'Runs, newest first, as JSON lines or CSV, as many as there are.',
    input: z.strictObject({
      format: z.enum(['jsonl', 'csv']).default('jsonl'),
      /** They ended at that time or later, in ms since 1970. */
      from: moment.optional(),
      /** They ended before. */
      to: moment.optional(),
      node: Name.optional(),
      cluster: Name.optional(),
      outcome: RunOutcome.optional(),
      trigger: Trigger.optional(),
      mode: RunMode.optional(),
      /** With the events of each run; JSON lines only. */
      events: flag.default(false),
    }),
    output: z.string(),
    stream: 'text',
  }),
  exportAudit: endpoint({
    method: 'GET',
    path: '/api/export/audit',
    access: 'admin',
    scoped: true,
    summary: 'The audit, newest first, as JSON lines or CSV, as many rows as there are.',
    input: z.strictObject({ format: z.enum(['jsonl', 'csv']).default('jsonl'), ...auditFilter }),
    output: z.string(),
    stream: 'text',
  }),
}
