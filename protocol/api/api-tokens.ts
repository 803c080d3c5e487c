import { z } from 'zod'
import { Name, UserName } from '../name.ts'
import { Access, Clusters } from '../views.ts'
import { endpoint } from './endpoint.ts'
import { pageInput, pageOf } from './page.ts'
import { SomeClusters } from './users.ts'

const day = 24 * 3600 * 1000

export const ApiTokenView = z.object({
  id: z.string(),
  user: z.string(),
  name: z.string(),
  /** What it may do at most; it may never do more than its user. */
  access: Access,
  clusters: Clusters,
  author: z.string(),
  createdAt: z.int(),
  /** Null only for the token of the first start. */
  expiresAt: z.int().nullable(),
  /** To the minute; null when it was never used. */
  usedAt: z.int().nullable(),
  /** The address that it was used from last. */
  usedFrom: z.string().nullable(),
})
export type ApiTokenView = z.infer<typeof ApiTokenView>

export const apiTokensApi = {
  createApiToken: endpoint({
    method: 'POST',
    path: '/api/api-tokens',
    access: 'viewer',
    scoped: true,
    summary: 'A token with which a person or a program may call this API; shown this once.',
    input: z.strictObject({
      name: Name,
      /** Yourself if not said; only admins of all clusters make tokens for others. */
      user: UserName.optional(),
      /** As much as its user and you may, if not said. */
      access: Access.optional(),
      clusters: SomeClusters.optional(),
      ttlMs: z
        .int()
        .min(60_000)
        .max(366 * day)
        .default(90 * day),
    }),
    output: ApiTokenView.extend({ token: z.string() }),
  }),
  listApiTokens: endpoint({
    method: 'GET',
    path: '/api/api-tokens',
    access: 'viewer',
    scoped: true,
    summary: 'API tokens: your own, or as an admin of all clusters those of a user, or of all.',
    input: z.strictObject({
      user: UserName.optional(),
      all: z.literal('true').optional(),
      ...pageInput(['createdAt', '-createdAt', 'name', '-name']),
    }),
    output: pageOf(ApiTokenView),
  }),
  revokeApiToken: endpoint({
    method: 'DELETE',
    path: '/api/api-tokens/:id',
    access: 'viewer',
    scoped: true,
    summary: 'Make an API token worthless at once, with the sessions that were begun with it.',
    input: z.strictObject({ id: z.string() }),
    output: z.object({ id: z.string() }),
  }),
}
