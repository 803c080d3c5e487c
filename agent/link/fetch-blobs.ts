import { type Catalog } from '../../protocol/catalog.ts'
import { blobsPath } from '../../protocol/enrolment.ts'
import { type Blobs, blobsOf } from '../kept/blobs.ts'
import { post, type ServerAddress } from './https.ts'

/** One answer is held in memory as a whole: no more blobs are asked for at once. */
const most = { blobs: 2000, bytes: 16 * 1024 * 1024 }

/** Brings the blobs of a catalog that this node lacks, and verifies each by its hash. */
export async function fetchBlobs(catalog: Catalog, blobs: Blobs, server: ServerAddress, session: string) {
  const missing = [...blobsOf(catalog.resources, catalog.types)].filter(([hash]) => !blobs.has(hash))
  for (const want of inPortions(missing)) {
    const { status, bytes } = await post(server, blobsPath, { want }, { bearer: session, timeoutMs: 300_000 })
    if (status !== 200)
      throw new Error(`${server.url}${blobsPath} answered ${status}: ${bytes.toString().slice(0, 500)}`)
    const parts = split(bytes, want.length)
    for (const [index, hash] of want.entries()) blobs.write(hash, parts[index] ?? Buffer.alloc(0))
  }
}

function inPortions(missing: [hash: string, bytes: number][]) {
  const portions: string[][] = []
  let bytes = Infinity
  for (const [hash, size] of missing) {
    const last = portions.at(-1)
    if (last && last.length < most.blobs && bytes + size <= most.bytes) last.push(hash)
    else portions.push([hash])
    bytes = last === portions.at(-1) ? bytes + size : size
  }
  return portions
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
