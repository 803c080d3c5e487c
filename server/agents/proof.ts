import { createPublicKey, verify } from 'node:crypto'

/** Whether the holder of the raw Ed25519 key signed the text. Never throws, whatever the key and signature look like. */
export function isSignedBy(key: string, text: string, signature: string) {
  const raw = Buffer.from(key, 'base64url')
  // One spelling for one key: a key is an identity.
  if (raw.length !== 32 || raw.toString('base64url') !== key) return false
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key }, format: 'jwk' })
  return verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64url'))
}
