import type { FastifyReply } from 'fastify'
import type { Subscribe } from './call.ts'

/** Proxies and clients give up on a silent connection. */
const keepAliveMs = 15_000
/** Whoever reads slower than this much behind is cut off; watching again gives the state as it is then. */
const maxBehindBytes = 4 * 1024 * 1024

/** Sends updates as server-sent events until they end or the client goes. */
export function serveEvents(reply: FastifyReply, subscribe: Subscribe<unknown>) {
  reply.hijack()
  const { raw } = reply
  const headers = { 'x-request-id': reply.request.id }
  raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'cache-control': 'no-store' })

  function write(text: string) {
    raw.write(text)
    if (raw.writableLength > maxBehindBytes) raw.destroy()
  }

  const keepAlive = setInterval(() => write(': alive\n\n'), keepAliveMs)
  const unsubscribe = subscribe({
    next: (update) => write(`data: ${JSON.stringify(update)}\n\n`),
    end: () => raw.end(),
  })
  raw.on('close', () => {
    clearInterval(keepAlive)
    unsubscribe()
  })
}
