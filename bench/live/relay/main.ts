import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { WebSocketServer } from 'ws'
import { makeAuthority } from '../../../test/helpers/authority.ts'

/** The limit: what comes over any WebSocket goes to whoever reads, as it is, and nothing else. Prints where, and its CA. */
const { ca, cert, key } = await makeAuthority()
const readers = new Set<ServerResponse>()
const server = createServer({ cert, key, minVersion: 'TLSv1.3' }, (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.flushHeaders()
  readers.add(response)
  response.on('close', () => readers.delete(response))
})
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => {
  socket.on('message', (data: Buffer) => {
    const frame = `data: ${data.toString('utf8')}\n\n`
    for (const reader of readers) reader.write(frame)
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the relay has no port')
  console.log(JSON.stringify({ url: `https://127.0.0.1:${address.port}`, ca }))
})
