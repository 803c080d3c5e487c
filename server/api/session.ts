import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { sessionApi, type SessionView } from '../../protocol/api/session.ts'
import { authenticate, requireFewRequests } from './auth.ts'
import { type AuthParts, findBearer } from './bearer.ts'
import { callerOf } from './caller.ts'
import { ApiFault } from './fault.ts'
import { inputOf } from './input.ts'
import { requireOwnSite } from './own-site.ts'
import { beginSession, findSession, forgetSession, type Signed } from './sessions.ts'
import type { Streams } from './streams.ts'

export interface SessionParts extends AuthParts {
  streams: Streams
  /** Who else may say who somebody is, and where a browser goes for it. */
  provider: { name: string; url: string } | null
}

type SessionCall = keyof typeof sessionApi
type Serve<Name extends SessionCall> = (
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<z.output<(typeof sessionApi)[Name]['output']>>

/** The calls about the session itself: they set cookies, and most are for those who have none yet. */
export function registerSession(app: FastifyInstance, parts: SessionParts) {
  const serve: { [Name in SessionCall]: Serve<Name> } = {
    async readSession(request) {
      const found = await findSession(parts, request).catch(unlessFault)
      await (found ? requireFewRequests(parts, found.user) : requireFewUnknown(parts, request))
      return { session: found ? viewOf(found, found.session.expiresAt) : null, provider: parts.provider }
    },
    async createSession(request, reply) {
      requireOwnSite(request)
      await requireFewUnknown(parts, request)
      const signed = await signIn(parts, inputOf(sessionApi.createSession, request).token, request)
      return viewOf(signed, (await beginSession(parts, signed, request, reply)).expiresAt)
    },
    async endSession(request, reply) {
      const { by } = await authenticate(parts, request)
      const found = await findSession(parts, request).catch(unlessFault)
      if (found) await parts.store.endSession(found.session.id, by)
      forgetSession(reply)
      parts.streams.check()
      return {}
    },
  }
  app.route({ ...placeOf('readSession'), handler: serve.readSession })
  app.route({ ...placeOf('createSession'), handler: serve.createSession })
  app.route({ ...placeOf('endSession'), handler: serve.endSession })
}

function placeOf(name: SessionCall) {
  const { method, path: url } = sessionApi[name]
  return { method, url }
}

function unlessFault(error: unknown) {
  if (error instanceof ApiFault) return undefined
  throw error
}

/** By address, where nobody has proven yet who asks. */
export async function requireFewUnknown({ limits }: Pick<AuthParts, 'limits'>, { ip }: FastifyRequest) {
  await limits.unknown.take(ip, 'requests from this address')
}

/** A right token is refused too where too many wrong ones were tried; whoever has a session or calls with the token goes on. */
async function signIn(parts: SessionParts, given: string, { ip }: FastifyRequest) {
  const { signIns } = parts.limits
  const known = await parts.store.findApiToken(given.split('.')[0] ?? '')
  const counted = [`address ${ip}`, ...(known ? [`user ${known.user.id}`] : [])]
  for (const of of counted) await signIns.requireFew(of, 'failed sign-ins')
  try {
    return await findBearer(parts, given)
  } catch (error) {
    if (error instanceof ApiFault) for (const of of counted) await signIns.note(of)
    throw error
  }
}

function viewOf({ user, token }: Signed, expiresAt: number): SessionView {
  const { access, clusters } = callerOf(user, token, '', 0)
  return { name: user.name, access, clusters, expiresAt }
}
