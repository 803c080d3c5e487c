import { z } from 'zod'

/** `id.secret.sha256-of-CA`: what to prove, and by what to know the server before anything is sent to it. */
export interface Token {
  id: string
  secret: string
  /** SHA-256 of the CA certificate in DER, hex. */
  ca: string
}

const pattern = /^([a-z0-9]{8,32})\.([A-Za-z0-9_-]{32,64})\.([0-9a-f]{64})$/

const Address = z.url({ protocol: /^https$/ }).transform((url) => url.replace(/\/+$/, ''))

/** Undefined when the text is no token. */
export function parseToken(text: string): Token | undefined {
  const [, id, secret, ca] = pattern.exec(text.trim()) ?? []
  return id && secret && ca ? { id, secret, ca } : undefined
}

export function formatToken({ id, secret, ca }: Token) {
  return `${id}.${secret}.${ca}`
}

/** `ec2.sha256-of-CA`, in the place of a token where an instance of EC2 joins by what it is: no secret, only what to know the server by. */
export function formatAttested({ ca }: Pick<Token, 'ca'>) {
  return `ec2.${ca}`
}

/** The same before `@URL`, or undefined. */
export function parseAttestedInvitation(text: string) {
  const [, ca, address] = /^ec2\.([0-9a-f]{64})@(.*)$/.exec(text) ?? []
  const url = Address.safeParse(address)
  return ca && url.success ? { ca, url: url.data } : undefined
}

/** `TOKEN@URL` as printed by the server, or undefined. The URL is https, without a path. */
export function parseInvitation(text: string) {
  const at = text.indexOf('@')
  const token = parseToken(text.slice(0, at))
  const url = Address.safeParse(text.slice(at + 1))
  return token && url.success ? { token, url: url.data } : undefined
}
