import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { agentPath } from '../../protocol/enrolment.ts'
import { maxAgentFrame } from '../../protocol/limits.ts'
import { choose } from '../../protocol/versions.ts'
import { accept, type AcceptParts } from './accept.ts'
import { sendWanted } from './handlers.ts'

const pingMs = 30_000
const maxConnections = 20_000
/** How long peers get to answer the closing of their connections. */
const farewellMs = 1000

/** The agents' WebSocket: takes connections in, keeps them alive, sends catalogs and orders as they change. */
export function createAgents(parts: AcceptParts) {
  const { catalogs, orders, registry, failed } = parts
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxAgentFrame,
    perMessageDeflate: false,
    handleProtocols: (offered) => choose(offered, parts.spoken) ?? false,
  })
  const stopPings = pingAll(sockets)
  sockets.on('connection', (socket: WebSocket, request: IncomingMessage) => accept(parts, socket, request))

  catalogs.onChange(({ node }) => {
    const connection = registry.ready(node.id)
    if (connection) sendWanted(parts, connection)
    orders.deliver(node.id).catch(failed)
  })

  return {
    /** Takes a request to upgrade; whoever asks for another path is sent away. */
    upgrade: (request: IncomingMessage, raw: Duplex, head: Buffer) => {
      const path = request.url?.split('?')[0]
      if (path !== agentPath) return turnAway(raw, '404 Not Found')
      if (sockets.clients.size >= maxConnections) return turnAway(raw, '503 Service Unavailable')
      return sockets.handleUpgrade(request, raw, head, (socket) => sockets.emit('connection', socket, request))
    },
    close: async () => {
      stopPings()
      await closeAll(sockets)
    },
  }
}

function turnAway(raw: Duplex, status: string) {
  raw.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** A peer that went without a word is found by its silence. */
function pingAll(sockets: WebSocketServer) {
  const silent = new WeakSet<WebSocket>()
  sockets.on('connection', (socket: WebSocket) => socket.on('pong', () => silent.delete(socket)))
  const timer = setInterval(() => {
    for (const socket of sockets.clients) {
      if (silent.has(socket)) socket.terminate()
      silent.add(socket)
      socket.ping()
    }
  }, pingMs)
  timer.unref()
  return () => clearInterval(timer)
}

async function closeAll(sockets: WebSocketServer) {
  const clients = [...sockets.clients]
  const closed = clients.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
  for (const socket of clients) socket.close(1001, 'the server stops')
  const deadline = setTimeout(() => {
    for (const socket of clients) socket.terminate()
  }, farewellMs)
  await Promise.all(closed)
  clearTimeout(deadline)
}
