import type { IncomingMessage, ServerResponse } from 'node:http'

/** Answers with the bytes, or with what a Range asks of them; after `cut` bytes the line breaks. */
export function give(request: IncomingMessage, response: ServerResponse, bytes: Buffer, cut = Infinity) {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  if (start >= bytes.length && start > 0) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
    return
  }
  const range = { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }
  response.writeHead(start > 0 ? 206 : 200, { 'content-length': bytes.length - start, ...(start > 0 ? range : {}) })
  if (bytes.length - start <= cut) response.end(bytes.subarray(start))
  else response.write(bytes.subarray(start, start + cut), () => response.socket?.end())
}
