// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs it to be there first
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'
import { sha256 } from '../protocol/catalog.ts'
import { serverName } from '../protocol/enrolment.ts'
import type { Authority } from './store/store.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const day = 24 * 3600 * 1000
/** Nodes whose clock is behind must still find the certificates valid. */
const backdatedMs = 2 * day
const authorityMs = 20 * 365 * day
/** Browsers refuse leaves that live longer; each start of the server makes a new one. */
const leafMs = 820 * day

/** A new certificate authority: the root of trust of everything that speaks to this server. */
export async function createAuthority(now: number): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=Trivet CA',
      notBefore: new Date(now - backdatedMs),
      notAfter: new Date(now + authorityMs),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  )
  return { certificate: certificate.toString('pem'), key: await toPem(keys.privateKey) }
}

/** What a token names the authority by: SHA-256 of the certificate in DER, hex. */
export function fingerprintOf({ certificate }: Authority) {
  return sha256(new Uint8Array(new x509.X509Certificate(certificate).rawData))
}

/** A fresh key and a chain, leaf and CA, so that a client can compare the CA with its token before it trusts it. */
export async function issueLeaf(authority: Authority, names: string[], now: number) {
  const issuer = new x509.X509Certificate(authority.certificate)
  const signingKey = await fromPem(authority.key)
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const leaf = await x509.X509CertificateGenerator.create(
    {
      subject: `CN=${serverName}`,
      issuer: issuer.subject,
      notBefore: new Date(now - backdatedMs),
      notAfter: new Date(now + leafMs),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth], false),
        new x509.SubjectAlternativeNameExtension([...new Set([serverName, ...names])].map(alternativeName), false),
        await x509.AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
      ],
    },
    webcrypto,
  )
  return { key: await toPem(keys.privateKey), chain: `${leaf.toString('pem')}\n${authority.certificate}\n` }
}

function alternativeName(value: string): x509.JsonGeneralName {
  return { type: isIP(value) === 0 ? 'dns' : 'ip', value }
}

async function toPem(key: webcrypto.CryptoKey) {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), x509.PemConverter.PrivateKeyTag)
}

function fromPem(pem: string) {
  return webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), algorithm, false, ['sign'])
}
