import { z } from 'zod'
import { Sha256 } from './catalog.ts'
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
/** `POST /agent/blobs`, bearer = session, body BlobRequest → for each hash asked, in order: 8 bytes length (big endian), then the bytes. */
export const blobsPath = '/agent/blobs'
export const BlobRequest = z.strictObject({ want: z.array(Sha256).max(100_000) })
/** The WebSocket. */
export const agentPath = '/agent'

/** The TLS name of every Trivet server, whatever address it is reached at: it is what its CA vouches for. */
export const serverName = 'trivet-server'
