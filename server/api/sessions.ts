import type { FastifyReply, FastifyRequest } from 'fastify'
import { hashSecret, newId, newSecret, secretMatches } from '../secrets.ts'
import type { ApiToken, Session, User } from '../store/who.ts'
import { type AuthParts, nobodys, requireEnabled, requireLasting, useMs } from './bearer.ts'
import { callerOf } from './caller.ts'
import { clearCookie, cookieOf, setCookie } from './cookies.ts'
import { ApiFault } from './fault.ts'

const hourMs = 3_600_000
/** Without a page open that asks now and then, a session is over after so long; and after a day's work anyhow. */
const idleMs = 2 * hourMs
const longestMs = 12 * hourMs
const name = '__Host-trivet-session'

type SessionParts = Pick<AuthParts, 'store' | 'clock' | 'failed'>
export interface Signed {
  user: User
  token: ApiToken | null
}

/** Begins a session for who has proven to be that user, and sets its cookie. It ends with the token, if not before. */
export async function beginSession(
  { store, clock }: SessionParts,
  { user, token }: Signed,
  { ip }: FastifyRequest,
  reply: FastifyReply,
) {
  const now = clock()
  const [id, secret] = [newId(), newSecret()]
  const expiresAt = Math.min(now + longestMs, token?.expiresAt ?? Infinity)
  const at = { createdAt: now, usedAt: now, expiresAt }
  const session = { id, user: user.id, token: token?.id ?? null, secretHash: hashSecret(secret), from: ip, ...at }
  await store.createSession(session, callerOf(user, token, ip, now).by)
  setCookie(reply, { name, value: `${id}.${secret}`, maxAgeMs: expiresAt - now, sameSite: 'Strict' })
  return session
}

/** The session that the request has the cookie of; undefined where it has none. Only who has its secret is told why it is refused. */
export async function findSession(
  { store, clock }: SessionParts,
  request: FastifyRequest,
): Promise<(Signed & { session: Session }) | undefined> {
  const cookie = cookieOf(request, name)
  if (cookie === undefined) return undefined
  const [id = '', secret = ''] = cookie.split('.')
  const found = await store.findSession(id)
  const matches = secretMatches(secret, found?.session.secretHash ?? nobodys)
  if (!found || !matches) throw new ApiFault('not-logged-in', 'There is no such session any more. Sign in again.')
  const { session, user, token } = found
  const now = clock()
  if (token) requireLasting(token, now)
  if (session.expiresAt <= now || session.usedAt + idleMs <= now)
    throw new ApiFault('session-ended', 'The session is over. Sign in again.')
  requireEnabled(user)
  return found
}

export function noteSessionUse({ store, clock, failed }: SessionParts, { id, usedAt }: Session) {
  const now = clock()
  if (now - usedAt >= useMs) store.noteSessionUse(id, now).catch(failed)
}

export function forgetSession(reply: FastifyReply) {
  clearCookie(reply, name)
}
