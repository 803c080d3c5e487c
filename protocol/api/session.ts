import { z } from 'zod'
import { Access, Clusters } from '../views.ts'
import { endpoint, none } from './endpoint.ts'

/** A browser's requests carry it when they are the console's own: a page of another site can't set it. */
export const sessionHeader = 'x-trivet-console'

export const SessionView = z.object({
  name: z.string(),
  access: Access,
  clusters: Clusters,
  /** It ends then at the latest, and earlier where it is not used. */
  expiresAt: z.int(),
})
export type SessionView = z.infer<typeof SessionView>

/** Signing in with a browser, which keeps a cookie that no script can read. */
export const sessionApi = {
  readSession: endpoint({
    method: 'GET',
    path: '/api/session',
    access: 'public',
    scoped: true,
    summary: 'Whose session the cookie is of, and by which identity provider one may begin.',
    input: none,
    output: z.object({
      session: SessionView.nullable(),
      /** Where its button leads; null where none is set up. */
      provider: z.object({ name: z.string(), url: z.string() }).nullable(),
    }),
  }),
  createSession: endpoint({
    method: 'POST',
    path: '/api/session',
    access: 'public',
    scoped: true,
    summary: 'Begin a session with an API token, and set its cookie.',
    input: z.strictObject({ token: z.string().min(1).max(300) }),
    output: SessionView,
  }),
  endSession: endpoint({
    method: 'DELETE',
    path: '/api/session',
    access: 'viewer',
    scoped: true,
    summary: 'End the session of the cookie, and take the cookie away.',
    input: none,
    output: none,
  }),
}
