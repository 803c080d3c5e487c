import type { FastifyReply, FastifyRequest } from 'fastify'
import { randomNonce, randomPKCECodeVerifier, randomState } from 'openid-client'
import { z } from 'zod'
import { clearCookie, cookieOf, setCookie } from '../api/cookies.ts'

const name = '__Host-trivet-sign-in'
/** To type a password, and to look for a second factor. */
const longestMs = 10 * 60_000

const Attempt = z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), to: z.string(), at: z.int() })
/** What a browser keeps while it is at the identity provider: nobody else can end what it began. */
export type Attempt = z.infer<typeof Attempt>

/** Sent along when the provider leads back here: `Strict` would not be. */
export function beginAttempt(reply: FastifyReply, to: string, at: number): Attempt {
  const secrets = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() }
  const attempt = { ...secrets, to: pathOf(to), at }
  const value = Buffer.from(JSON.stringify(attempt)).toString('base64url')
  setCookie(reply, { name, value, maxAgeMs: longestMs, sameSite: 'Lax' })
  return attempt
}

/** What the browser began not long ago; it is good for one answer. */
export function takeAttempt(request: FastifyRequest, reply: FastifyReply, now: number): Attempt | undefined {
  const value = cookieOf(request, name) ?? ''
  clearCookie(reply, name)
  try {
    const attempt = Attempt.parse(JSON.parse(Buffer.from(value, 'base64url').toString()))
    const isRecent = attempt.at <= now && now - attempt.at < longestMs
    return isRecent ? { ...attempt, to: pathOf(attempt.to) } : undefined
  } catch {
    return undefined
  }
}

/** A page of ours, whatever was given: `//elsewhere.example` is none. */
function pathOf(to: string) {
  const here = 'https://here.invalid'
  const url = URL.canParse(to, here) ? new URL(to, here) : undefined
  return url?.origin === here ? `${url.pathname.replace(/^\/+/, '/')}${url.search}` : '/'
}
