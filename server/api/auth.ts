import type { FastifyRequest } from 'fastify'
import type { Endpoint } from '../../protocol/api/endpoint.ts'
import { hashSecret, newSecret, secretMatches } from '../secrets.ts'
import type { Store } from '../store/store.ts'
import type { ApiToken, User } from '../store/who.ts'
import type { Refusals } from '../refusals.ts'
import { type Caller, callerOf, includesAccess } from './caller.ts'
import { ApiFault } from './fault.ts'

export interface AuthParts {
  store: Store
  refusals: Refusals
  clock: () => number
  failed: (error: unknown) => void
}

/** How exactly it is remembered when a token was used last. */
const useMs = 60_000
/** Compared where there is no such token, so that it takes as long as where there is. */
const nobodys = hashSecret(newSecret())

/** Who the request is from, by the API token that it bears. What is not known for certain is refused. */
export async function authenticate(parts: AuthParts, request: FastifyRequest): Promise<Caller> {
  const { clock, refusals } = parts
  try {
    const { user, token } = await findBearer(parts, bearerOf(request) ?? '')
    noteUse(parts, token, request.ip)
    return callerOf(user, token, request.ip, clock())
  } catch (error) {
    if (!(error instanceof ApiFault) || !refusals.exceed(request.ip)) throw error
    throw new ApiFault('too-many-attempts', 'Too many wrong tokens from this address. Wait a minute.')
  }
}

/** The token is `id.secret`; what follows names the CA and is for the client. Why it is refused is told only to who has the secret. */
async function findBearer({ store, clock }: AuthParts, bearer: string): Promise<{ token: ApiToken; user: User }> {
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

function requireLasting({ name, expiresAt }: ApiToken, now: number) {
  if (expiresAt === null || expiresAt > now) return
  const ended = new Date(expiresAt).toISOString()
  throw new ApiFault('token-expired', `The API token ${name} ended at ${ended}. Ask an admin for another.`)
}

function requireEnabled({ name, disabledAt }: User) {
  if (disabledAt === null) return
  throw new ApiFault('user-disabled', `The user ${name} is disabled. Ask an admin.`)
}

function noteUse({ store, clock, failed }: AuthParts, { id, usedAt }: ApiToken, from: string) {
  const now = clock()
  if (usedAt === null || now - usedAt >= useMs) store.noteApiTokenUse(id, now, from).catch(failed)
}

export function bearerOf({ headers }: FastifyRequest) {
  return /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1]
}

/** Whether the caller may make this call at all; what of it is for which cluster is for its handler to say. */
export function authorize(caller: Caller, { access: needed, scoped }: Endpoint) {
  const { user, access } = caller
  // Nothing in the table is public yet; an entry that is would need no less than a token until somebody decides otherwise.
  if (needed !== 'public' && !includesAccess(access, needed)) {
    const error = `${user.name} is ${access}; this needs ${needed}. Ask an admin for such a token.`
    throw new ApiFault('not-allowed', error)
  }
  if (!scoped) caller.requireAllClusters()
}
