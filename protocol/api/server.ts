import { z } from 'zod'
import { Access } from '../views.ts'
import { endpoint, none } from './endpoint.ts'
import { pageInput, pageOf } from './page.ts'

export const serverApi = {
  whoami: endpoint({
    method: 'GET',
    path: '/api/whoami',
    access: 'viewer',
    summary: 'Who the token is, and which server this is.',
    input: none,
    output: z.object({
      name: z.string(),
      access: Access,
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
    summary: 'Who wrote what, newest first.',
    input: z.object(pageInput(['-id', 'id'], 50)),
    output: pageOf(
      z.object({
        id: z.int(),
        at: z.int(),
        author: z.string(),
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
