import { z } from 'zod'
import { Access, Clusters } from '../views.ts'
import { endpoint, moment, none } from './endpoint.ts'
import { pageInput, pageOf } from './page.ts'

/** Which rows of the audit. */
export const auditFilter = {
  author: z.string().max(255).optional(),
  action: z.string().max(100).optional(),
  subject: z.string().max(255).optional(),
  text: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Is in the action, the subject, what was before or is after, or the address or token that it came from.'),
  /** Written at that time or later, in ms since 1970. */
  from: moment.optional(),
  /** Written before. */
  to: moment.optional(),
}

export const serverApi = {
  whoami: endpoint({
    method: 'GET',
    path: '/api/whoami',
    access: 'viewer',
    scoped: true,
    summary: 'Who the token is, and which server this is.',
    input: none,
    output: z.object({
      name: z.string(),
      access: Access,
      clusters: Clusters.default('all'),
      /** What the call was made with; null where somebody signed in by the identity provider. */
      token: z.object({ id: z.string(), name: z.string(), expiresAt: z.int().nullable() }).nullable().default(null),
      version: z.string(),
      revision: z.string(),
      /** Why recipes and roles as they are on disk are not in force. */
      sourceErrors: z.array(z.string()).default([]),
    }),
  }),
  listAudit: endpoint({
    method: 'GET',
    path: '/api/audit',
    access: 'admin',
    scoped: true,
    summary: 'Who wrote what, when and from where, newest first; append-only.',
    input: z.strictObject({
      ...auditFilter,
      ...pageInput(['-id', 'id'], 50),
    }),
    output: pageOf(
      z.object({
        id: z.int(),
        at: z.int(),
        author: z.string(),
        /** The id of the API token that it was asked with. */
        token: z.string().nullable().default(null),
        /** The address that it was asked from. */
        from: z.string().nullable().default(null),
        /** Null where it is of none, or of several. */
        cluster: z.string().nullable().default(null),
        action: z.string(),
        subject: z.string(),
        before: z.unknown(),
        after: z.unknown(),
      }),
    ),
  }),
  readMetrics: endpoint({
    method: 'GET',
    path: '/metrics',
    access: 'viewer',
    summary: 'What Prometheus reads: counters and states, as its text format has them.',
    input: none,
    output: z.string(),
    stream: 'text',
  }),
  readOpenApi: endpoint({
    method: 'GET',
    path: '/api/openapi.json',
    access: 'viewer',
    scoped: true,
    summary: 'All calls as an OpenAPI 3.1 document.',
    input: none,
    output: z.record(z.string(), z.unknown()),
  }),
  backup: endpoint({
    method: 'GET',
    path: '/api/backup',
    access: 'admin',
    summary: 'The whole store as one SQLite file, consistent, while the server goes on.',
    input: none,
    output: z.unknown(),
    stream: 'bytes',
  }),
}
