import { createPublicKey, verify } from 'node:crypto'

/** Why an agent is not taken: what was signed by nobody that is known, or is another than was asked for. */
export class Untrusted extends Error {}

export interface Archive {
  name: string
  sha256: string
}

/** The archive of that version, out of `SHA256SUMS` whose signature is by the key (SPKI in DER, base64). */
export function archiveIn(sums: Buffer, signature: string, key: string, version: string, platform: string): Archive {
  const publicKey = createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' })
  if (!verify(null, sums, publicKey, Buffer.from(signature, 'base64')))
    throw new Untrusted(
      'SHA256SUMS is not signed by the key of this agent, so nobody knows who made what it names. Next: build with the --signing-key that this agent was built with',
    )
  const name = `trivet-agent-${version}-${platform}.tar.gz`
  const line = sums
    .toString()
    .split('\n')
    .find((one) => one.slice(64) === `  ${name}`)
  if (line === undefined)
    throw new Untrusted(`the server has no ${name}. Next: build that version, or ask for the one that is there`)
  return { name, sha256: line.slice(0, 64) }
}
