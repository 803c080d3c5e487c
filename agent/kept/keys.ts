import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'

/** A new Ed25519 key, PEM (PKCS #8). It never leaves the node. */
export function makeKey() {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** The key itself, if it is one. */
export function checkKey(privateKey: string) {
  publicKeyOf(privateKey)
  return privateKey
}

/** The raw public key, base64url, as messages carry it: `x` of its JWK (RFC 8037). */
export function publicKeyOf(privateKey: string) {
  const { x } = createPublicKey(createPrivateKey(privateKey)).export({ format: 'jwk' })
  if (x === undefined) throw new Error('the private key is no Ed25519 key')
  return x
}

export function signWith(privateKey: string, text: string) {
  return sign(null, Buffer.from(text), createPrivateKey(privateKey)).toString('base64url')
}
