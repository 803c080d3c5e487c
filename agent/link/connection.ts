import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { z } from 'zod'
import type { Log } from '../../cli/command.ts'
import { agentPath } from '../../protocol/enrolment.ts'
import { type AgentMessage, closeCodes, helloText, protocolVersion, ServerMessage } from '../../protocol/messages.ts'
import { maxServerFrame } from '../../protocol/limits.ts'
import { minorOf, offerOf, type Spoken } from '../../protocol/versions.ts'
import { pinnedTo } from './https.ts'
import { publicKeyOf, signWith } from '../kept/keys.ts'
import type { Identity } from '../kept/state.ts'
import { messageOf } from '../../protocol/errors.ts'
import { whyUnreachable } from '../../protocol/why-unreachable.ts'
import { unlessAborted } from './unless-aborted.ts'

/** The server pings every 30 s; a connection that is silent for this long is dead, whatever TCP thinks. */
const standardSilenceMs = 75_000
const handshakeMs = 15_000
/** A connection that lasted this long was a good one: the next attempt comes soon. */
const steadyMs = 30_000

interface Greeting {
  factsDigest: string
  catalogDigest: string | null
  spoolBytes: number
}

export interface ConnectOptions {
  identity: Identity
  /** Gives it in PEM, each time that it is to be proven. */
  key: () => string
  agentVersion: string
  greeting: () => Promise<Greeting>
  /** Called with one message after another: the next waits until this one is dealt with. */
  receive: (message: ServerMessage, connection: Connection) => Promise<void>
  log: Log
  now: () => number
  /** After how long without a word of the server the connection counts as dead. */
  silenceMs?: number
  /** Which versions of the protocol; those of this release if not said. */
  spoken?: Spoken
}

/** A connection that has been opened; `closed` resolves with the reason when it ends, however it ends. */
export interface Connection {
  send: (message: AgentMessage) => void
  close: () => void
  /** Which minor version of the protocol is spoken on it, once it is open. */
  minor: () => number
  closed: Promise<{ code: number; reason: string }>
}

/** Opens one connection and proves who we are. What the server says goes to `receive`; a failure of `receive` closes it. */
export function connect(options: ConnectOptions): Connection {
  const { identity, silenceMs = standardSilenceMs } = options
  const url = new URL(agentPath, identity.url.replace(/^https/, 'wss'))
  const socket = new WebSocket(url, offerOf(options.spoken), {
    ...pinnedTo(identity),
    maxPayload: maxServerFrame,
    perMessageDeflate: false,
    handshakeTimeout: handshakeMs,
  })
  let failure: string | undefined
  let queue = Promise.resolve()
  const connection: Connection = {
    send: (message) => socket.send(JSON.stringify(message)),
    close: () => socket.close(1000, 'the agent stops'),
    minor: () => minorOf(socket.protocol, options.spoken) ?? 0,
    closed: new Promise((resolve) =>
      socket.on('close', (code, reason) => resolve({ code, reason: failure ?? (reason.toString() || `code ${code}`) })),
    ),
  }
  const fail = (error: unknown) => {
    failure ??= whyUnreachable(error)
    socket.terminate()
  }
  const alive = setTimeout(() => fail(new Error(`heard nothing for ${silenceMs / 1000} s`)), silenceMs)
  socket.on('ping', () => alive.refresh())
  socket.on('close', () => clearTimeout(alive))
  socket.on('error', fail)
  socket.on('message', (data, isBinary) => {
    alive.refresh()
    // Once something went wrong, what came after it is not dealt with.
    queue = queue
      .then(() => (failure === undefined ? dealWith(data, isBinary, options, connection) : undefined))
      .catch(fail)
  })
  return connection
}

async function dealWith(data: unknown, isBinary: boolean, options: ConnectOptions, connection: Connection) {
  if (isBinary) throw new Error('the server sent a binary frame, which the protocol has none of')
  const message = readMessage(String(data))
  if (message.type !== 'challenge') return options.receive(message, connection)
  const { identity } = options
  if (message.server !== identity.caSha256) throw new Error('the server names another CA than the one this node joined')
  const key = options.key()
  connection.send({
    type: 'hello',
    protocol: protocolVersion,
    key: publicKeyOf(key),
    signature: signWith(key, helloText(message.nonce, message.server)),
    agentVersion: options.agentVersion,
    clock: options.now(),
    ...(await options.greeting()),
  })
}

function readMessage(text: string): ServerMessage {
  try {
    return ServerMessage.parse(JSON.parse(text))
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll(/\s+/g, ' ') : messageOf(cause)
    throw new Error(`the server sent what this agent does not understand: ${why.slice(0, 500)}. Is it newer?`, {
      cause,
    })
  }
}

/** Keeps a connection open until `signal` ends it: connects again with a delay that grows and is drawn by chance. */
export async function keepConnected(
  options: ConnectOptions & { opened: (connection: Connection | undefined, detail?: string) => void },
  signal: AbortSignal,
  random: () => number = Math.random,
) {
  for (let failures = 0; !signal.aborted;) {
    let welcomedAt: number | undefined
    const receive: ConnectOptions['receive'] = async (message, connection) => {
      if (message.type === 'welcome') {
        welcomedAt = options.now()
        options.opened(connection)
      }
      return options.receive(message, connection)
    }
    const connection = connect({ ...options, receive })
    signal.addEventListener('abort', connection.close, { once: true })
    const { code, reason } = await connection.closed
    signal.removeEventListener('abort', connection.close)
    options.opened(undefined, reason)
    if (signal.aborted) return
    if (welcomedAt !== undefined && options.now() - welcomedAt > steadyMs) failures = 0
    const waitMs = delayBefore(failures, code, random)
    failures++
    const what = welcomedAt === undefined ? 'cannot connect to' : 'disconnected from'
    const seconds = Math.round(waitMs / 100) / 10
    options.log(`${what} ${options.identity.url}: ${reason} (next attempt in ${seconds} s)`, { level: 'warn' })
    await delay(waitMs, undefined, { signal }).catch(unlessAborted)
  }
}

/** Milliseconds: 1 s doubled with each failure up to a minute, of which at least half is waited; who was turned away waits longer. */
export function delayBefore(failures: number, code: number, random: () => number) {
  const turnedAway = code === closeCodes.revoked || code === closeCodes.notProven || code === closeCodes.otherProtocol
  const most = turnedAway ? 10 * 60 * 1000 : Math.min(60_000, 1000 * 2 ** failures)
  return most * (0.5 + random() / 2)
}
