import type { RawData, WebSocket } from 'ws'
import { AgentMessage, closeCodes, type ServerMessage } from '../../protocol/messages.ts'
import { describeIssues } from '../../protocol/describe-issue.ts'
import type { Health } from '../health.ts'
import type { Want } from '../leases/want.ts'
import type { Node } from '../store/store.ts'

/** One agent's connection after it has proven its key. */
export interface Connection {
  node: Node
  /** By the server's clock. */
  connectedAt: number
  /** Bearer for blobs; ends with the connection. */
  session: string
  /** Which minor version of the protocol is spoken on it. */
  minor: number
  agentVersion: string
  /** The server has its facts, so it has been told of its catalog and may be given orders. */
  ready: boolean
  /** Digest of the catalog that it has, as far as the server knows. */
  catalog: string | null
  /** It has one, be it an old one. */
  hasCatalog: boolean
  /** What it does just now, as far as it has told. */
  run: { id: string; orders: string[]; done: number; total: number } | undefined
  /** Of the reports that it has still to bring, as it said last. */
  spoolBytes: number
  /** How its probes are; undefined: it has not said. */
  health: Health | undefined
  /** Tells whoever waits for it. */
  tellHealth: (() => void) | undefined
  /** Digest of which gates it was told are open, and which closed; undefined: it was told of none. */
  toldGates: string | undefined
  /** What it wants leases for, by group; undefined: it has not said. */
  wants: Map<string, Want> | undefined
  /** What it was answered since it said so, by group. */
  answers: Map<string, string>
  send(message: ServerMessage): void
  close(code: number, reason: string): void
}

/** Whoever sent it is no agent of this protocol: the connection is closed with the reason. */
export class BadMessage extends Error {
  override name = 'BadMessage'
}

/** More messages than this waiting, and the socket is not read until they are done. */
const pauseAt = 32

/** Hands over messages one after the other. What `handle` throws goes to `failed`, and nothing after it is handled. */
export function receive(
  socket: WebSocket,
  handle: (message: AgentMessage) => Promise<void>,
  failed: (error: unknown) => void,
) {
  let work = Promise.resolve()
  let waiting = 0
  let broken = false

  async function inTurn(before: Promise<void>, data: RawData, isBinary: boolean) {
    await before
    waiting -= 1
    if (socket.isPaused && waiting < pauseAt / 2) socket.resume()
    if (broken) return
    try {
      await handle(parseFrame(data, isBinary))
    } catch (error) {
      broken = true
      failed(error)
    }
  }

  socket.on('message', (data, isBinary) => {
    if (broken) return
    waiting += 1
    if (waiting >= pauseAt) socket.pause()
    work = inTurn(work, data, isBinary)
  })
}

function parseFrame(data: RawData, isBinary: boolean) {
  if (isBinary) throw new BadMessage('binary frame; messages are JSON in text frames')
  const { success, data: message, error } = AgentMessage.safeParse(parseJson(textOf(data)))
  if (!success) throw new BadMessage(describeIssues(error)[0])
  return message
}

function textOf(data: RawData) {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8')
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new BadMessage('not JSON', { cause: error })
  }
}

/** A close frame holds 123 bytes of reason. */
export function closeWith(socket: WebSocket, code: number, reason: string) {
  socket.close(code, Buffer.from(reason).subarray(0, 120).toString('utf8').replace(/�$/, ''))
}

export function closeForBadMessage(socket: WebSocket, { message }: BadMessage) {
  closeWith(socket, closeCodes.badMessage, message)
}
