// What @peculiar/x509 needs before it is loaded.
// oxlint-disable-next-line import/no-unassigned-import
import 'reflect-metadata'
import { createHash, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { serverName } from '../../protocol/enrolment.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const today = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3600_000) }

/** A throwaway CA with one certificate for the name of every Trivet server, as `https.createServer` wants them. */
export async function makeAuthority(name: string = serverName, validity = today) {
  const caKeys = await makeKeys()
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    serialNumber: '01',
    name: 'CN=Throwaway CA',
    signingAlgorithm: algorithm,
    keys: caKeys,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  })
  const keys = await makeKeys()
  const leaf = await x509.X509CertificateGenerator.create({
    ...validity,
    serialNumber: '02',
    subject: `CN=${name}`,
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
  })
  return {
    ca: ca.toString('pem'),
    sha256: createHash('sha256').update(Buffer.from(ca.rawData)).digest('hex'),
    cert: `${leaf.toString('pem')}\n${ca.toString('pem')}`,
    leaf: leaf.toString('pem'),
    key: await pemOf(keys.privateKey),
  }
}

async function makeKeys() {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function pemOf(key: webcrypto.CryptoKey) {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key))
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`
}
