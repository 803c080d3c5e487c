import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { hasCode, unlessMissing } from '../protocol/errors.ts'

export interface AptCache {
  url: string
  /** Answers that cost no download of a body, and those that did. */
  stats: { hits: number; misses: number }
  close(): Promise<void>
}

export interface AptCacheOptions {
  host: string
  port?: number
  dir: string
  /** The proxy of the host itself, if it has one. */
  upstreamProxy?: string | undefined
}

const Head = z.strictObject({ etag: z.string().optional(), lastModified: z.string().optional() })
type Head = z.infer<typeof Head>

/** A kept file: one JSON line with its head, then the body. One file, so that head and body can never differ in age. */
interface Kept {
  handle: FileHandle
  head: Head
  bodyAt: number
}

/** What the upstream said, when it was not a file: passed on as it is, never kept. */
class UpstreamError extends Error {
  override name = 'UpstreamError'
  status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** An HTTP proxy for apt that downloads each package once, however many nodes ask at the same time. */
export async function startAptCache({ host, port = 0, dir, upstreamProxy }: AptCacheOptions): Promise<AptCache> {
  await mkdir(dir, { recursive: true })
  const stats = { hits: 0, misses: 0 }
  const underWay = new Map<string, Promise<'hit' | 'miss'>>()

  const bringOnce = (url: string, path: string) => {
    const running = underWay.get(url)
    if (running) return running.then(() => 'hit' as const)
    const started = bring(url, path, upstreamProxy).finally(() => underWay.delete(url))
    underWay.set(url, started)
    return started
  }

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const url = request.url ?? ''
    if (request.method !== 'GET' || !url.startsWith('http://')) {
      return response.writeHead(405).end('This proxy answers GET http://... only.\n')
    }
    const path = join(dir, createHash('sha256').update(url).digest('hex'))
    const how = await bringOnce(url, path)
    stats[how === 'hit' ? 'hits' : 'misses']++
    return send(await openKept(path), how, request, response)
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => refuse(response, request.url ?? '', error))
  })
  server.listen(port, host)
  await once(server, 'listening')
  return {
    url: `http://${host}:${portOf(server)}`,
    stats,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

// Names under pool/ and by-hash/ never change their content; indexes are asked for anew each time.
const isImmutable = (url: string) => /\/pool\/.+\.deb$|\/by-hash\//.test(url)

/** Sees to it that the file is there and fresh. */
async function bring(url: string, path: string, upstreamProxy?: string): Promise<'hit' | 'miss'> {
  const kept = await openKept(path)
  await kept?.handle.close()
  if (kept && isImmutable(url)) return 'hit'

  const upstream = await ask(url, kept?.head ?? {}, upstreamProxy)
  if (kept && upstream.statusCode === 304) {
    upstream.resume()
    return 'hit'
  }
  if (upstream.statusCode !== 200) {
    upstream.resume()
    throw new UpstreamError(upstream.statusCode ?? 502, upstream.statusMessage ?? '')
  }
  await keep(upstream, path)
  return 'miss'
}

function ask(url: string, { etag, lastModified }: Head, upstreamProxy?: string): Promise<IncomingMessage> {
  const { hostname, port, host, pathname, search } = new URL(url)
  const headers = {
    host,
    ...(etag && { 'if-none-match': etag }),
    ...(lastModified && { 'if-modified-since': lastModified }),
  }
  const proxy = upstreamProxy ? new URL(upstreamProxy) : undefined
  const target = proxy
    ? { hostname: proxy.hostname, port: proxy.port, path: url }
    : { hostname, port, path: pathname + search }
  const request = get({ ...target, headers, timeout: 30_000 })
  request.on('timeout', () => request.destroy(new Error('no byte came for 30 seconds')))
  return new Promise((resolve, reject) => {
    request.once('response', resolve)
    request.once('error', reject)
  })
}

// A body that breaks off rejects in pipeline and never gets the name under which files are served.
async function keep(upstream: IncomingMessage, path: string): Promise<void> {
  const { etag, 'last-modified': lastModified } = upstream.headers
  const head: Head = { ...(etag && { etag }), ...(lastModified && { lastModified }) }
  const partial = `${path}.${randomUUID()}.partial`
  try {
    const file = createWriteStream(partial)
    file.write(`${JSON.stringify(head)}\n`)
    await pipeline(upstream, file)
    await rename(partial, path)
  } finally {
    await rm(partial, { force: true })
  }
}

async function openKept(path: string): Promise<Kept | undefined> {
  const handle = await open(path).catch(unlessMissing)
  if (!handle) return undefined
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0)
  const end = buffer.subarray(0, bytesRead).indexOf('\n')
  return { handle, head: Head.parse(JSON.parse(buffer.toString('utf8', 0, end))), bodyAt: end + 1 }
}

async function send(
  kept: Kept | undefined,
  how: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!kept) throw new Error('the file vanished from the cache')
  const { handle, head, bodyAt } = kept
  const { size } = await handle.stat()
  const headers = { 'x-trivet-cache': how, ...(head.lastModified && { 'last-modified': head.lastModified }) }
  if (head.lastModified && request.headers['if-modified-since'] === head.lastModified) {
    await handle.close()
    response.writeHead(304, headers).end()
    return
  }
  response.writeHead(200, { ...headers, 'content-length': size - bodyAt })
  await pipeline(handle.createReadStream({ start: bodyAt }), response).catch((error: unknown) => {
    if (!hasCode(error, 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET')) throw error // the client went away
  })
}

function refuse(response: ServerResponse, url: string, error: Error): void {
  if (response.headersSent) return void response.destroy(error)
  const [status, text] = error instanceof UpstreamError ? [error.status, 'said'] : [502, 'could not be had']
  response.writeHead(status, { 'content-type': 'text/plain' }).end(`${url} ${text}: ${error.message}\n`)
}
