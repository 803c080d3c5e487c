import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { type AgentMessage, closeCodes, type ServerMessage } from '../../protocol/messages.ts'
import { minorOf, type Spoken, whyOther } from '../../protocol/versions.ts'
import { BadMessage, closeForBadMessage, closeWith, type Connection, receive } from './connection.ts'
import { newNonce, nodeOf, Refused } from './greet.ts'
import { type AgentParts, handleMessage, makeReady, tellOthers } from './handlers.ts'
import type { Registry } from './registry.ts'

const helloDeadlineMs = 10_000
/** What may come in before a hello was proven: one hello, and no frame that costs memory. */
const maxUnprovenBytes = 16 * 1024

export interface AcceptParts extends AgentParts {
  registry: Registry
  /** SHA-256 of the CA, which agents sign together with the nonce. */
  server: string
  intervalMs: number
  /** Which versions of the protocol; those of this release if not said. */
  spoken?: Spoken | undefined
}

/** Takes in whoever speaks a protocol that is spoken here, and tells the others why not. */
export function accept(parts: AcceptParts, socket: WebSocket, request: IncomingMessage) {
  const minor = minorOf(socket.protocol, parts.spoken)
  // ws closes a broken or oversized connection by itself, with the code of RFC 6455; 'close' follows.
  socket.on('error', () => undefined)
  if (minor !== undefined) return converse(parts, socket, request.socket, minor)
  closeWith(socket, closeCodes.otherProtocol, whyOther(offeredIn(request), parts.spoken))
  return setTimeout(() => socket.terminate(), helloDeadlineMs).unref()
}

/** Challenges whoever connected, and from a proven hello on handles what the agent says. */
function converse(parts: AcceptParts, socket: WebSocket, raw: Duplex, minor: number) {
  const { registry, store, happenings, clock, server, failed } = parts
  const nonce = newNonce()
  const proven = guardUnproven(socket, raw)
  let connection: Connection | undefined

  async function handle(message: AgentMessage) {
    if (connection) return registry.isCurrent(connection) ? handleMessage(parts, connection, message) : undefined
    if (message.type !== 'hello') throw new BadMessage(`${message.type} before hello`)
    const node = await nodeOf(message, nonce, server, store)
    proven()
    if (socket.readyState !== socket.OPEN) return
    connection = registry.open(socket, node, minor, message)
    connection.spoolBytes = message.spoolBytes ?? 0
    happenings.emit('connected', node)
    tellOthers(parts, node.id)
    await welcome(parts, connection, message.factsDigest)
  }

  receive(socket, handle, (error) => refuse(socket, error, failed))
  socket.on('close', () => {
    proven()
    if (!connection) return
    registry.forget(connection)
    if (!registry.isConnected(connection.node.id)) happenings.emit('gone', connection.node)
    tellOthers(parts, connection.node.id)
    store.markSeen(connection.node.id, clock()).catch(failed)
  })
  socket.send(JSON.stringify({ type: 'challenge', nonce, server } satisfies ServerMessage))
}

function offeredIn({ headers }: IncomingMessage) {
  return headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? []
}

async function welcome(parts: AcceptParts, connection: Connection, factsDigest: string) {
  const { store, catalogs, clock, intervalMs } = parts
  const { node, session } = connection
  const sendFacts = (await store.factsDigest(node.id)) !== factsDigest
  connection.send({ type: 'welcome', node: node.name, session, sendFacts, clock: clock(), intervalMs })
  await store.markSeen(node.id, clock())
  if (sendFacts) return
  if (!catalogs.of(node.id)) await catalogs.refresh()
  await makeReady(parts, connection)
}

/**
 * Cuts off who says nothing, or too much, before it has proven its key, and who was refused and does not go. Without a
 * closing handshake: a stranger could hold the socket by not answering it. Gives how to end the watch.
 */
function guardUnproven(socket: WebSocket, raw: Duplex) {
  let received = 0
  const count = (bytes: Buffer) => {
    received += bytes.length
    if (received > maxUnprovenBytes) socket.terminate()
  }
  const deadline = setTimeout(() => socket.terminate(), helloDeadlineMs)
  raw.on('data', count)
  return () => {
    clearTimeout(deadline)
    raw.off('data', count)
  }
}

function refuse(socket: WebSocket, error: unknown, failed: (error: unknown) => void) {
  if (error instanceof BadMessage) return closeForBadMessage(socket, error)
  if (error instanceof Refused) return closeWith(socket, error.code, error.message)
  failed(error)
  return closeWith(socket, 1011, 'the server failed; see its log')
}
