import type { FastifyReply } from 'fastify'
import type { Subscribe } from './call.ts'
import type { Streams } from './streams.ts'

/** Proxies and clients give up on a silent connection. */
const keepAliveMs = 15_000
/** Whoever reads slower than this much behind is cut off; watching again gives the state as it is then. */
const maxBehindBytes = 4 * 1024 * 1024

const frames = new WeakMap<object, string>()

/** Written once for all who are told of it. An update with an id is one that a stream can go on after. */
function frameOf(update: object) {
  const known = frames.get(update)
  if (known !== undefined) return known
  const id = 'id' in update ? `id: ${String(update.id)}\n` : ''
  const frame = `${id}data: ${JSON.stringify(update)}\n\n`
  frames.set(update, frame)
  return frame
}

/** Sends updates as server-sent events until they end, the client goes or may no more. */
export function serveEvents(
  reply: FastifyReply,
  subscribe: Subscribe<object>,
  streams: Streams,
  stillMay: () => Promise<boolean>,
) {
  reply.hijack()
  const { raw } = reply
  const headers = { 'x-request-id': reply.request.id }
  raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  // Who goes on where they were may have nothing to be told for a while, and is to know that they are heard.
  raw.flushHeaders()

  function write(text: string) {
    if (raw.writableEnded) return
    raw.write(text)
    if (raw.writableLength > maxBehindBytes) raw.destroy()
  }

  const check = async () => {
    if (!(await stillMay())) raw.end()
  }
  const unwatch = streams.watch(check)
  const keepAlive = setInterval(() => {
    write(': alive\n\n')
    streams.checkOne(check)
  }, keepAliveMs)
  const unsubscribe = subscribe({
    next: (update) => write(frameOf(update)),
    end: () => raw.end(),
  })
  raw.on('close', () => {
    clearInterval(keepAlive)
    unwatch()
    unsubscribe()
  })
}
