import { z } from 'zod'

/** `id.secret.sha256-of-CA`: what to prove, and by what to know the server before anything is sent to it. */
export interface Token {
  id: string
  secret: string
  /** SHA-256 of the CA certificate in DER, hex. */
  ca: string
}

const pattern = /^([a-z0-9]{8,32})\.([A-Za-z0-9_-]{32,64})\.([0-9a-f]{64})$/

/** Undefined when the text is no token. */
export function parseToken(text: string): Token | undefined {
  const [, id, secret, ca] = pattern.exec(text.trim()) ?? []
  return id && secret && ca ? { id, secret, ca } : undefined
}

export function formatToken({ id, secret, ca }: Token) {
  return `${id}.${secret}.${ca}`
}

/** `TOKEN@URL` as printed by the server, or undefined. The URL is https, without a path. */
export function parseInvitation(text: string) {
  const at = text.indexOf('@')
  const token = parseToken(text.slice(0, at))
  const url = z.url({ protocol: /^https$/ }).safeParse(text.slice(at + 1))
  return token && url.success ? { token, url: url.data.replace(/\/+$/, '') } : undefined
}
