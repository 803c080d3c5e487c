import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { request } from 'node:https'
import { WebSocket } from 'ws'
import { z } from 'zod'
import type { Report, Run } from '../../protocol/events.ts'
import { agentPath, blobsPath, enrolPath, serverName } from '../../protocol/enrolment.ts'
import type { Facts } from '../../protocol/facts.ts'
import { digestOf } from '../../protocol/catalog.ts'
import { type AgentMessage, helloText, protocolVersion, ServerMessage } from '../../protocol/messages.ts'
import { parseToken } from '../../protocol/token.ts'
import { countsOf } from './records.ts'

export interface Place {
  url: string
  /** The server's CA, PEM. */
  ca: string
}

export function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const { x = '' } = publicKey.export({ format: 'jwk' })
  return { privateKey, key: x }
}
export type AgentKey = ReturnType<typeof newKey>

export function factsOf(hostname: string, more: Partial<Facts> = {}): Facts {
  return {
    hostname,
    address: '10.0.0.1',
    addresses: ['10.0.0.1'],
    os: { id: 'debian', version: '12', codename: 'bookworm' },
    kernel: '6.1',
    arch: 'x64',
    cpus: 2,
    memoryMb: 512,
    virtual: 'none',
    machineId: 'm',
    agentVersion: '0.1.0',
    ...more,
  }
}

/** One HTTPS request as agents send them. */
export function post({ url, ca }: Place, path: string, body: unknown, bearer?: string) {
  return new Promise<{ status: number; bytes: Buffer }>((resolve, reject) => {
    const sent = request(
      `${url}${path}`,
      {
        method: 'POST',
        ca,
        servername: serverName,
        agent: false,
        headers: {
          'content-type': 'application/json',
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        },
      },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes: Buffer.concat(parts) }))
      },
    )
    sent.on('error', reject)
    sent.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
}

const Said = z.object({ id: z.string(), node: z.string(), error: z.string(), code: z.string() }).partial()

export async function enrol(place: Place, tokenText: string, name: string, { key, privateKey } = newKey()) {
  const token = parseToken(tokenText)
  assert(token)
  const { id, secret } = token
  const signature = signText(token.id, privateKey)
  const { status, bytes } = await post(place, enrolPath, { token: { id, secret }, name, key, signature })
  const said = Said.parse(JSON.parse(bytes.toString()))
  return { status, ...said, keys: { key, privateKey } }
}

export function signText(text: string, privateKey: KeyObject) {
  return sign(null, Buffer.from(text), privateKey).toString('base64url')
}

/** A WebSocket to the server as an agent has it, which does only what the test says. */
export async function open({ url, ca }: Place, offered: string[] = []) {
  const options = { ca, servername: serverName, perMessageDeflate: false }
  const socket = new WebSocket(new URL(agentPath, url.replace(/^https/, 'wss')), offered, options)
  const inbox: ServerMessage[] = []
  const wakers = new Set<() => void>()
  const wake = () => wakers.forEach((waker) => waker())
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => {
      resolve({ code, reason: reason.toString() })
      wake()
    }),
  )
  socket.on('error', () => undefined)
  socket.on('message', (data: Buffer) => {
    inbox.push(ServerMessage.parse(JSON.parse(data.toString())))
    wake()
  })

  /** The next message of that type, from those not taken yet. Fails when the connection closes, or after 15 s. */
  async function next<Type extends ServerMessage['type']>(type: Type) {
    const until = Date.now() + 15_000
    for (;;) {
      const found = inbox.find((message): message is Extract<ServerMessage, { type: Type }> => message.type === type)
      if (found) {
        inbox.splice(inbox.indexOf(found), 1)
        return found
      }
      assert(
        socket.readyState === WebSocket.OPEN || socket.readyState === WebSocket.CONNECTING,
        `closed before ${type} came`,
      )
      assert(
        Date.now() < until,
        `no ${type} within 15 s; there is ${inbox.map((message) => message.type).join(', ') || 'nothing'}`,
      )
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, until - Date.now())
        function done() {
          clearTimeout(timer)
          wakers.delete(done)
          resolve()
        }
        wakers.add(done)
      })
    }
  }

  const send = (message: AgentMessage) => socket.send(JSON.stringify(message))
  return { socket, inbox, closed, next, send }
}

export interface Greeting {
  facts?: Facts
  catalogDigest?: string | null
  clock?: number
  spoolBytes?: number
  /** The versions of the protocol that it offers; left out, as agents did before there was a choice. */
  offered?: string[]
}

export function helloOf({ key, privateKey }: AgentKey, nonce: string, server: string, greeting: Greeting = {}) {
  const { facts = factsOf('n'), catalogDigest = null, clock = Date.now(), spoolBytes } = greeting
  const signature = signText(helloText(nonce, server), privateKey)
  const rest = {
    agentVersion: '0.1.0',
    factsDigest: digestOf(facts),
    catalogDigest,
    clock,
    ...(spoolBytes !== undefined && { spoolBytes }),
  }
  return { type: 'hello', protocol: protocolVersion, key, signature, ...rest } satisfies AgentMessage
}

/** Connects and proves the key; sends facts when they are asked for. */
export async function connect(place: Place, keys: AgentKey, greeting: Greeting = {}) {
  const agent = await open(place, greeting.offered)
  const { nonce, server } = await agent.next('challenge')
  agent.send(helloOf(keys, nonce, server, greeting))
  const welcome = await agent.next('welcome')
  if (welcome.sendFacts) agent.send({ type: 'facts', facts: greeting.facts ?? factsOf('n') })
  return { ...agent, welcome, blobs: (want: string[]) => post(place, blobsPath, { want }, welcome.session) }
}

export function reportOf(id: string, run: Partial<Run> = {}, events: Report['events'] = []): Report {
  const now = Date.now()
  const whole: Run = {
    id,
    mode: 'converge',
    trigger: 'schedule',
    orders: [],
    catalog: null,
    startedAt: now - 1000,
    finishedAt: now,
    outcome: 'unchanged',
    counts: countsOf({}),
    owed: [],
    ...run,
  }
  return { run: whole, events }
}
