import { z } from 'zod'
import { ResourceEvent, RunMode, RunOutcome, Trigger } from '../events.ts'
import { Name } from '../name.ts'
import { StoredRun } from '../views.ts'
import { endpoint, flag, moment } from './endpoint.ts'
import { pageInput, pageOf } from './page.ts'

export const runsApi = {
  listRuns: endpoint({
    method: 'GET',
    path: '/api/runs',
    access: 'viewer',
    scoped: true,
    summary: 'Runs, newest first.',
    input: z.strictObject({
      node: Name.optional(),
      /** Of nodes that have the role now. */
      role: Name.optional(),
      cluster: Name.optional(),
      outcome: RunOutcome.optional(),
      trigger: Trigger.optional(),
      mode: RunMode.optional(),
      /** Something in them was drift. */
      drift: flag.optional(),
      /** They have an event of it: `file[/etc/motd]`. */
      resource: z.string().min(1).max(5000).optional(),
      /** All of these words are in what is told of the run and its events; `word*` stands for those that begin so. */
      text: z
        .string()
        .max(200)
        .regex(/[\p{L}\p{N}]/u, 'a word or more')
        .optional(),
      /** They ended at that time or later, in ms since 1970. */
      from: moment.optional(),
      /** They ended before. */
      to: moment.optional(),
      /** The id of an order that they answer. */
      order: z.string().optional(),
      ...pageInput(['-finishedAt'], 20),
    }),
    output: pageOf(StoredRun),
  }),
  readRun: endpoint({
    method: 'GET',
    path: '/api/runs/:id',
    access: 'viewer',
    scoped: true,
    summary: 'One run with its events. An id may be cut short to what is still unique.',
    input: z.strictObject({ id: z.string().min(4) }),
    output: z.object({ run: StoredRun, events: z.array(ResourceEvent) }),
  }),
}
