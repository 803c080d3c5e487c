import { z } from 'zod'
import { ResourceEvent, RunOutcome, Trigger } from '../events.ts'
import { Name } from '../name.ts'
import { StoredRun } from '../views.ts'
import { endpoint } from './endpoint.ts'

export const runsApi = {
  listRuns: endpoint({
    method: 'GET',
    path: '/api/runs',
    access: 'viewer',
    summary: 'Runs, newest first.',
    input: z.object({
      node: Name.optional(),
      outcome: RunOutcome.optional(),
      trigger: Trigger.optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(20),
      /** The id of the last run of the page before. */
      after: z.uuid().optional(),
    }),
    output: z.array(StoredRun),
  }),
  readRun: endpoint({
    method: 'GET',
    path: '/api/runs/:id',
    access: 'viewer',
    summary: 'One run with its events. An id may be cut short to what is still unique.',
    input: z.object({ id: z.string().min(4) }),
    output: z.object({ run: StoredRun, events: z.array(ResourceEvent) }),
  }),
}
