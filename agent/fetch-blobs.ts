import { type Catalog } from '../protocol/catalog.ts'
import { blobsPath } from '../protocol/enrolment.ts'
import { type Blobs, blobsOf } from './blobs.ts'
import { post, type ServerAddress } from './https.ts'

/** Blobs of one request: large ones must not sum up beyond what fits in memory. */
const perRequest = 2000

/** Brings the blobs of a catalog that this node lacks, and verifies each by its hash. */
export async function fetchBlobs(catalog: Catalog, blobs: Blobs, server: ServerAddress, session: string) {
  const missing = [...blobsOf(catalog)].filter((hash) => !blobs.has(hash))
  for (let from = 0; from < missing.length; from += perRequest) {
    const want = missing.slice(from, from + perRequest)
    const { status, bytes } = await post(server, blobsPath, { want }, { bearer: session, timeoutMs: 300_000 })
    if (status !== 200)
      throw new Error(`${server.url}${blobsPath} answered ${status}: ${bytes.toString().slice(0, 500)}`)
    const parts = split(bytes, want.length)
    for (const [index, hash] of want.entries()) blobs.write(hash, parts[index] ?? Buffer.alloc(0))
  }
}

// For each blob asked, in order: 8 bytes of length, big endian, then the bytes.
function split(bytes: Buffer, count: number) {
  const parts: Buffer[] = []
  for (let at = 0; parts.length < count;) {
    if (at + 8 > bytes.length) throw new Error(`the server sent ${parts.length} blobs of ${count} asked`)
    const length = Number(bytes.readBigUInt64BE(at))
    parts.push(bytes.subarray(at + 8, at + 8 + length))
    at += 8 + length
  }
  return parts
}
