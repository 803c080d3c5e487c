import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Code } from '../../protocol/api/codes.ts'
import { requireFewUnknown, type SessionParts } from '../api/session.ts'
import { requireEnabled } from '../api/bearer.ts'
import { ApiFault } from '../api/fault.ts'
import { beginSession } from '../api/sessions.ts'
import { sendRefusal } from '../console.ts'
import { type Attempt, beginAttempt, takeAttempt } from './attempt.ts'
import { callbackPath, createProvider, type Identity, type Provider } from './provider.ts'
import type { SignInSettings } from './settings.ts'

export const beginPath = '/sign-in/begin'

/** The way by an identity provider: there with the browser, and back with the proof of who it is. */
export function registerSignIn(app: FastifyInstance, parts: SignInParts, settings: SignInSettings) {
  const provider = createProvider(settings)
  app.get(beginPath, (request: FastifyRequest<{ Querystring: { to?: unknown } }>, reply) =>
    orRefusal(reply, async () => {
      await requireFewUnknown(parts, request)
      const { to } = request.query
      const attempt = beginAttempt(reply, typeof to === 'string' ? to : '/', parts.clock())
      return reply.redirect(await reached(provider, request, () => provider.urlFor(attempt)))
    }),
  )
  // The address holds a code: no line for each request, as others have it.
  app.get(callbackPath, { logLevel: 'warn' }, (request, reply) =>
    orRefusal(reply, async () => {
      await requireFewUnknown(parts, request)
      return reply.redirect(await finish({ ...parts, provider, settings }, request, reply))
    }),
  )
}

/** A person sees a page, not JSON. */
async function orRefusal(reply: FastifyReply, work: () => Promise<FastifyReply>) {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ApiFault) return sendRefusal(reply, error)
    throw error
  }
}

type SignInParts = Omit<SessionParts, 'provider'>
type Finish = SignInParts & { provider: Provider; settings: SignInSettings }

/** Begins the session, and gives the page to go to. */
async function finish({ provider, settings, ...parts }: Finish, request: FastifyRequest, reply: FastifyReply) {
  const { clock } = parts
  const { signIns } = parts.limits
  const from = `address ${request.ip}`
  await signIns.requireFew(from, 'failed sign-ins')
  try {
    const attempt = takeAttempt(request, reply, clock())
    const identity = await identify(provider, attempt, request)
    const user = await userOf(parts, identity, settings)
    await beginSession(parts, { user, token: null }, request, reply)
    return attempt?.to ?? '/'
  } catch (error) {
    if (error instanceof ApiFault && error.code !== 'provider-away') await signIns.note(from)
    throw error
  }
}

async function identify(provider: Provider, attempt: Attempt | undefined, request: FastifyRequest) {
  if (!attempt)
    throw new ApiFault('sign-in-over', 'This sign-in was begun too long ago, in another browser, or was ended already.')
  return reached(provider, request, () => provider.identify(request.url.replace(/^[^?]*/, ''), attempt))
}

async function userOf({ store }: SignInParts, { login, unverified }: Identity, { login: by, name }: SignInSettings) {
  if (login === undefined)
    throw new ApiFault(
      'unknown-login',
      `${name} does not tell ${by === 'email' ? 'an e-mail address' : 'who you are'}.`,
    )
  if (unverified) throw new ApiFault('unknown-login', `${name} has not verified the e-mail address ${login}.`)
  const user = await store.findUserByLogin(login)
  if (!user) {
    const error = `No user of this server has the login ${login}. An admin makes one by: trivet user create NAME --login ${login}`
    throw new ApiFault('unknown-login', error)
  }
  requireEnabled(user)
  return user
}

/** What the provider, or the way there, refuses is told to the browser in few words, and to the log in full. */
async function reached<Value>({ issuer }: Provider, { log }: FastifyRequest, work: () => Promise<Value>) {
  try {
    return await work()
  } catch (error) {
    const { code, about } = whyNot(error, issuer)
    log.warn({ issuer, why: reasonOf(error) }, 'sign-in failed')
    throw new ApiFault(code, about)
  }
}

/** Codes of openid-client where the answer came from the provider, or by way of the browser. */
const answered = /^OAUTH_(AUTHORIZATION_RESPONSE_ERROR|RESPONSE_BODY_ERROR|INVALID_RESPONSE|JWT_TIMESTAMP|JWT_CLAIM)/

function whyNot(error: unknown, issuer: string): { code: Code; about: string } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const isAnswer = answered.test(code)
  return isAnswer
    ? {
        code: 'sign-in-refused',
        about: 'What came back from the identity provider is no answer to this sign-in, or it refused.',
      }
    : {
        code: 'provider-away',
        about: `The identity provider at ${issuer} does not answer as it should. Its admin, or the log of this server, knows more.`,
      }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`
}
