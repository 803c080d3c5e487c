import type { FastifyReply, FastifyRequest } from 'fastify'

/** `__Host-`: browsers take it only over TLS, for this host alone and all its paths. */
export type CookieName = '__Host-trivet-session' | '__Host-trivet-sign-in'

interface Cookie {
  name: CookieName
  value: string
  maxAgeMs: number
  /** `Lax` is sent along when another site leads back to us. */
  sameSite: 'Strict' | 'Lax'
}

/** No script can read it. */
export function setCookie(reply: FastifyReply, { name, value, maxAgeMs, sameSite }: Cookie) {
  const age = Math.max(0, Math.floor(maxAgeMs / 1000))
  void reply.header('set-cookie', `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=${sameSite}; Max-Age=${age}`)
}

export function clearCookie(reply: FastifyReply, name: CookieName) {
  setCookie(reply, { name, value: '', maxAgeMs: 0, sameSite: 'Strict' })
}

export function cookieOf({ headers }: FastifyRequest, name: CookieName) {
  const given = headers.cookie?.split(';').map((pair) => pair.trim())
  const value = given?.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
  return value === '' ? undefined : value
}
