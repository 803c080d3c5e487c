import { createHash, createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { messageOf } from '../../protocol/errors.ts'

const dayMs = 86_400_000

/** A certificate with those that vouch for it, and its key. */
export interface Identity {
  certificates: X509Certificate[]
  key: KeyObject
}

/** Of PEM. Says nothing of the key in its errors. */
export function readIdentity(certificates: Buffer, key: Buffer): Identity {
  const found = certificatesIn(certificates)
  if (found.length === 0) throw new Error('There is no certificate in `cert`. It must be PEM.')
  try {
    return { certificates: found, key: createPrivateKey(key) }
  } catch (error) {
    throw new Error('`key` is no private key that can be read. It must be PEM, without a passphrase.', { cause: error })
  }
}

function certificatesIn(pem: Buffer) {
  const blocks = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch (error) {
    throw new Error(`A certificate cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

/** Why it must not go live, if it must not, apart from its time. */
export function misfit({ certificates, key }: Identity) {
  const [leaf, ...chain] = certificates
  if (!leaf?.checkPrivateKey(key)) return 'The key does not belong to the certificate.'
  for (const [index, issuer] of chain.entries()) {
    const issued = certificates[index]
    if (issued && !(issued.checkIssued(issuer) && issued.verify(issuer.publicKey)))
      return `The chain is broken: ${nameOf(issued)} was not issued by ${nameOf(issuer)}, which stands after it.`
  }
  return undefined
}

/** When it began or will end, where that is too late or too soon. */
export function untimely({ certificates }: Identity, daysLeft: number) {
  const now = Date.now()
  for (const one of certificates) {
    const [from, to] = [Date.parse(one.validFrom), Date.parse(one.validTo)]
    if (from > now) return { certificate: nameOf(one), is: `not valid before ${day(from)}` }
    if (to <= now + daysLeft * dayMs) return { certificate: nameOf(one), is: `valid until ${day(to)}` }
  }
  return undefined
}

/** One line that tells a certificate from its forerunner; null for what is none. */
export function describe(pem: Buffer) {
  try {
    const [leaf, ...chain] = certificatesIn(pem)
    const more = chain.length > 0 ? ` with ${chain.length} more` : ''
    return leaf
      ? `${nameOf(leaf)} until ${day(Date.parse(leaf.validTo))}, ${leaf.fingerprint256.slice(0, 23)}…${more}`
      : null
  } catch {
    // What cannot be read is about to be replaced; that is all there is to say of it.
    return null
  }
}

/** Of its public half, so that it gives nothing away. */
export function fingerprintOf(key: KeyObject) {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest('hex').slice(0, 16)
}

function nameOf({ subject, subjectAltName = '?' }: X509Certificate) {
  return (subject || subjectAltName).replaceAll('\n', ', ')
}

function day(ms: number) {
  return new Date(ms).toISOString().slice(0, 10)
}
