import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { pipeline } from 'node:stream/promises'
import { pinnedTo, type ServerAddress } from '../link/https.ts'
import { Untrusted } from './manifest.ts'

/** After so long without a byte nothing more is coming. */
const silenceMs = 60_000
const mostSums = 1024 * 1024

/** What the server hands out under that name. */
async function answered(server: ServerAddress, name: string, signal: AbortSignal): Promise<IncomingMessage> {
  const url = new URL(`/agent/${name}`, server.url)
  const asked = request(url, { timeout: silenceMs, agent: false, signal, ...pinnedTo(server) })
  asked.on('timeout', () => asked.destroy(new Error(`${url.href} was silent for ${silenceMs / 1000} s`)))
  asked.end()
  const [response]: IncomingMessage[] = await once(asked, 'response')
  if (response?.statusCode === 200) return response
  asked.destroy()
  throw new Error(`${url.href} answered ${response?.statusCode}`)
}

/** A short file. */
export async function readFrom(server: ServerAddress, name: string, signal: AbortSignal) {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of await answered(server, name, signal)) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > mostSums) throw new Error(`${server.url}/agent/${name} is longer than such a file can be`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

interface Wanted {
  name: string
  sha256: string
  /** Throws where there is no room for so many bytes. */
  fits: (bytes: number) => void
}

/** Writes the file to `path`, all of it and with the right hash: half of one is nobody's, and is begun anew the next time. */
export async function download(
  server: ServerAddress,
  { name, sha256, fits }: Wanted,
  path: string,
  signal: AbortSignal,
) {
  const response = await answered(server, name, signal)
  fits(Number(response.headers['content-length'] ?? 0))
  const hash = createHash('sha256')
  response.on('data', (chunk: Buffer) => hash.update(chunk))
  await pipeline(response, createWriteStream(path, { mode: 0o600, flags: 'wx' }), { signal })
  const found = hash.digest('hex')
  if (found !== sha256) throw new Untrusted(`${name} is not what was signed: its SHA-256 is ${found}, not ${sha256}`)
}
