import { z } from 'zod'
import { Sha256, sha256 } from './catalog.ts'
import { Name } from './name.ts'

/** What agents ask over HTTPS; everything else goes through the WebSocket. */
export const Enrolment = z.strictObject({
  token: z.object({ id: z.string(), secret: z.string() }),
  /** What the node would like to be called. */
  name: Name,
  /** Raw Ed25519 public key, base64url. */
  key: z.string().max(64),
  /** Over the token's id, by the key: whoever enrols a key has it. */
  signature: z.string().max(128),
})
export const Enrolled = z.object({ id: z.string(), node: z.string() })
/** `POST /agent/enrol`, body Enrolment → Enrolled. */
export const enrolPath = '/agent/enrol'
/** What an instance of EC2 joins with instead of a token. */
export const AttestedEnrolment = z.strictObject({
  /** Its identity document as the metadata service gives it, `rsa2048`: PKCS7 in base64, which carries the document. */
  document: z
    .string()
    .max(12 * 1024)
    .regex(/^[A-Za-z0-9+/=\s]+$/, 'PKCS7 in base64'),
  /** What the node believes to be called; the tags of the instance decide. */
  name: Name.optional(),
  key: z.string().max(64),
  /** Over `attestedText`, by the key. */
  signature: z.string().max(128),
})
/** What proves that the key is the node's. */
export function attestedText(document: string) {
  return `trivet attested enrolment ${sha256(document)}`
}
/** `POST /agent/attest`, body AttestedEnrolment → Enrolled. */
export const attestPath = '/agent/attest'
/** `POST /agent/blobs`, bearer = session, body BlobRequest → for each hash asked, in order: 8 bytes length (big endian), then the bytes. */
export const blobsPath = '/agent/blobs'
export const BlobRequest = z.strictObject({ want: z.array(Sha256).max(100_000) })
/** The WebSocket. */
export const agentPath = '/agent'

/** The TLS name of every Trivet server, whatever address it is reached at: it is what its CA vouches for. */
export const serverName = 'trivet-server'
