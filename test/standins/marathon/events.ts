import type { ServerResponse } from 'node:http'

interface Stream {
  response: ServerResponse
  types: string[]
  remoteAddress: string
}

const heartbeatMs = 10_000

/** GET /v2/events: what happens, to whoever listens, once. */
export class EventStreams {
  readonly #streams = new Set<Stream>()
  readonly #most: number

  constructor(mostOutstanding: number) {
    this.#most = mostOutstanding
    setInterval(() => {
      for (const stream of this.#streams) this.#write(stream, '\r\n')
    }, heartbeatMs)
  }

  attach(response: ServerResponse, types: string[], remoteAddress: string) {
    const stream = { response, types, remoteAddress }
    // Without a length and not in chunks: the body lasts until the connection ends.
    response.useChunkedEncodingByDefault = false
    response.shouldKeepAlive = false
    response.removeHeader('transfer-encoding')
    response.writeHead(200, { 'content-type': 'text/event-stream;charset=utf-8', connection: 'close' })
    response.flushHeaders()
    this.#streams.add(stream)
    response.on('close', () => {
      if (this.#streams.delete(stream)) this.emit('event_stream_detached', { remoteAddress })
    })
    this.emit('event_stream_attached', { remoteAddress })
  }

  emit(eventType: string, keys: object) {
    const data = JSON.stringify({ ...keys, eventType, timestamp: new Date().toISOString() })
    for (const stream of this.#streams)
      if (stream.types.length === 0 || stream.types.includes(eventType))
        this.#write(stream, `event: ${eventType}\r\ndata: ${data}\r\n\r\n`)
  }

  /** Who reads too slowly is cut off. */
  #write(stream: Stream, text: string) {
    const { response } = stream
    // About a kilobyte an event.
    if (response.writableLength > this.#most * 1024) response.destroy()
    else response.write(text)
  }
}
