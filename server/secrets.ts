import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** 256 random bits. */
export function newSecret() {
  return randomBytes(32).toString('base64url')
}

/** Lower-case letters and digits, for what people read aloud and type. */
export function newId() {
  return randomBytes(6).toString('hex')
}

/** One round of SHA-256 is enough here: a slow hash protects secrets that can be guessed, and 256 random bits can't. */
export function hashSecret(secret: string) {
  return createHash('sha256').update(secret).digest()
}

export function secretMatches(secret: string, hash: Buffer) {
  const given = hashSecret(secret)
  return given.length === hash.length && timingSafeEqual(given, hash)
}
