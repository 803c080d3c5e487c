import type { FastifyRequest } from 'fastify'
import type { RateLimits } from '../rate-limit.ts'
import { hashSecret, newSecret, secretMatches } from '../secrets.ts'
import type { Store } from '../store/store.ts'
import type { ApiToken, User } from '../store/who.ts'
import { ApiFault } from './fault.ts'

export interface AuthParts {
  store: Store
  limits: RateLimits
  clock: () => number
  failed: (error: unknown) => void
}

/** How exactly it is remembered when a token or a session was used last. */
export const useMs = 60_000
/** Compared where there is no such token, so that it takes as long as where there is. */
export const nobodys = hashSecret(newSecret())

/** The token is `id.secret`; what follows names the CA and is for the client. Why it is refused is told only to who has the secret. */
export async function findBearer(
  { store, clock }: Pick<AuthParts, 'store' | 'clock'>,
  bearer: string,
): Promise<{ token: ApiToken; user: User }> {
  const [id = '', secret = ''] = bearer.split('.')
  const found = await store.findApiToken(id)
  const matches = secretMatches(secret, found?.token.secretHash ?? nobodys)
  if (!found || !matches) {
    const error = 'The token is missing or not known here. Log in with trivet login TOKEN@URL.'
    throw new ApiFault('not-logged-in', error)
  }
  const { token, user } = found
  requireLasting(token, clock())
  requireEnabled(user)
  return found
}

export function requireLasting({ name, expiresAt }: ApiToken, now: number) {
  if (expiresAt === null || expiresAt > now) return
  const ended = new Date(expiresAt).toISOString()
  throw new ApiFault('token-expired', `The API token ${name} ended at ${ended}. Ask an admin for another.`)
}

export function requireEnabled({ name, disabledAt }: User) {
  if (disabledAt === null) return
  throw new ApiFault('user-disabled', `The user ${name} is disabled. Ask an admin.`)
}

export function noteTokenUse({ store, clock, failed }: AuthParts, { id, usedAt }: ApiToken, from: string) {
  const now = clock()
  if (usedAt === null || now - usedAt >= useMs) store.noteApiTokenUse(id, now, from).catch(failed)
}

export function bearerOf({ headers }: FastifyRequest) {
  return /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1]
}
