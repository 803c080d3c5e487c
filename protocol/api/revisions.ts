import { z } from 'zod'
import { Name } from '../name.ts'
import { RevisionSummary } from '../revision.ts'
import { endpoint, moment } from './endpoint.ts'
import { pageInput, pageOf } from './page.ts'

export const revisionsApi = {
  listRevisions: endpoint({
    method: 'GET',
    path: '/api/revisions',
    access: 'viewer',
    scoped: true,
    summary: 'Revisions of recipes and roles that came into force, newest first: what changed, and when.',
    input: z.strictObject({
      role: Name.optional().describe('Only those that touched this role.'),
      recipe: Name.optional().describe('Only those that touched this recipe.'),
      /** They came into force at that time or later, in ms since 1970. */
      from: moment.optional(),
      /** They came into force before. */
      to: moment.optional(),
      ...pageInput(['-at', 'at'], 50),
    }),
    output: pageOf(RevisionSummary),
  }),
  readPastRevision: endpoint({
    method: 'GET',
    path: '/api/revisions/:id',
    access: 'viewer',
    scoped: true,
    summary: 'One revision, as it came into force last. An id may be cut short to what is still unique.',
    input: z.strictObject({
      id: z
        .string()
        .min(4)
        .regex(/^[0-9a-f]+$/, 'hex digits'),
    }),
    output: RevisionSummary,
  }),
}
