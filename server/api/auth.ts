import type { FastifyRequest } from 'fastify'
import type { Endpoint } from '../../protocol/api/endpoint.ts'
import { type AuthParts, bearerOf, findBearer, noteTokenUse } from './bearer.ts'
import { type Caller, callerOf, includesAccess } from './caller.ts'
import { ApiFault } from './fault.ts'
import { requireOwnSite } from './own-site.ts'
import type { User } from '../store/who.ts'
import { findSession, noteSessionUse } from './sessions.ts'

/** Who the request is from, by the API token that it bears or the session's cookie. What is not known for certain is refused. */
export async function authenticate(parts: AuthParts, request: FastifyRequest): Promise<Caller> {
  const { caller, noteUse } = await identify(parts, request).catch(async (error: unknown) => {
    if (error instanceof ApiFault && error.code !== 'other-site') {
      await parts.limits.unknown.take(request.ip, 'requests from this address')
      await parts.limits.refusals.take(request.ip, 'wrong tokens from this address')
    }
    throw error
  })
  await requireFewRequests(parts, caller.user)
  noteUse()
  return caller
}

/** Counted by user, not by token: any user may make more tokens. */
export async function requireFewRequests({ limits }: Pick<AuthParts, 'limits'>, { id, name }: User) {
  await limits.users.take(id, `requests by ${name}`)
}

/** Whoever bears a token is a program, whatever cookies it has. */
async function identify(parts: AuthParts, request: FastifyRequest) {
  const signed = request.headers.authorization === undefined ? await findSession(parts, request) : undefined
  if (signed) requireOwnSite(request)
  const { user, token } = signed ?? (await findBearer(parts, bearerOf(request) ?? ''))
  const noteUse = () => {
    if (signed) noteSessionUse(parts, signed.session)
    else if (token) noteTokenUse(parts, token, request.ip)
  }
  return { caller: callerOf(user, token, request.ip, parts.clock()), noteUse }
}

/** Whether who made a request that is not over yet may still do so, and see what it saw then. */
export async function stillMay(parts: AuthParts, request: FastifyRequest, before: Caller) {
  try {
    const { access, clusters } = (await identify(parts, request)).caller
    return access === before.access && String(clusters) === String(before.clusters)
  } catch (error) {
    if (error instanceof ApiFault) return false
    throw error
  }
}

/** Whether the caller may make this call at all; what of it is for which cluster is for its handler to say. */
export function authorize(caller: Caller, { access: needed, scoped }: Endpoint) {
  const { user, access } = caller
  if (needed !== 'public' && !includesAccess(access, needed)) {
    const error = `${user.name} is ${access}; this needs ${needed}. Ask an admin for such a token.`
    throw new ApiFault('not-allowed', error)
  }
  if (!scoped) caller.requireAllClusters()
}
