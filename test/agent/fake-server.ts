import assert from 'node:assert/strict'
import { verify, createPublicKey } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import type { TestContext } from 'node:test'
import { type WebSocket, WebSocketServer } from 'ws'
import { blobsPath, BlobRequest } from '../../protocol/enrolment.ts'
import { AgentMessage, helloText, type ServerMessage } from '../../protocol/messages.ts'
import { maxAgentFrame } from '../../protocol/limits.ts'
import { makeKey } from '../../agent/kept/keys.ts'
import type { Identity } from '../../agent/kept/state.ts'
import { makeAuthority } from '../helpers/authority.ts'
import { listen } from '../helpers/listen.ts'
import { until } from './tiny.ts'

type Authority = Awaited<ReturnType<typeof makeAuthority>>
type Of<Type extends AgentMessage['type']> = Extract<AgentMessage, { type: Type }>

/** How it chooses among the protocols that an agent offers; of itself the first, as servers did before there was a choice. */
type Choose = (offered: Set<string>) => string | false

/** A server of the protocol's words and nothing behind them: what agents say is kept, the test says the answers. */
export async function serve(t: TestContext, { authority, choose }: { authority?: Authority; choose?: Choose } = {}) {
  const made = authority ?? (await makeAuthority())
  const server = createServer({ key: made.key, cert: made.cert, minVersion: 'TLSv1.3' })
  const url = await listen(t, server)
  const key = makeKey()
  const identity: Identity = { url, ca: made.ca, caSha256: made.sha256, node: 'n1', id: 'id1' }
  const fake = new FakeServer(server, choose)
  t.after(() => fake.end())
  return { fake, identity, key, authority: made }
}

export class FakeServer {
  /** What was said on every connection, oldest first. */
  said: AgentMessage[] = []
  sockets: WebSocket[] = []
  blobs = new Map<string, Buffer>()
  /** The hashes of each request for blobs. */
  asked: string[][] = []
  readonly #server: WebSocketServer

  constructor(server: Server, choose?: Choose) {
    this.#server = new WebSocketServer({
      server,
      maxPayload: maxAgentFrame,
      ...(choose && { handleProtocols: choose }),
    })
    this.#server.on('connection', (socket) => {
      this.sockets.push(socket)
      socket.on('message', (data) => {
        assert(Buffer.isBuffer(data))
        this.said.push(AgentMessage.parse(JSON.parse(data.toString())))
      })
    })
    server.on('request', (request, response) => {
      assert.equal(request.url, blobsPath)
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { want } = BlobRequest.parse(JSON.parse(Buffer.concat(chunks).toString()))
        this.asked.push(want)
        response.end(Buffer.concat(want.flatMap((hash) => framed(this.blobs.get(hash) ?? Buffer.alloc(0)))))
      })
    })
  }

  /** The socket of the n-th connection, once it is there. */
  async connection(number = 1) {
    await until(`connection ${number} is there`, () => this.sockets.length >= number)
    const socket = this.sockets[number - 1]
    assert(socket)
    return socket
  }

  send(message: ServerMessage | string) {
    this.sockets.at(-1)?.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** Challenges the n-th connection, checks its proof and welcomes it. */
  async letIn(identity: Identity, { number = 1, intervalMs = 3600_000, sendFacts = false } = {}) {
    await this.connection(number)
    const nonce = `nonce-${number}`
    this.send({ type: 'challenge', nonce, server: identity.caSha256 })
    await until(`hello ${number} is said`, () => this.all('hello').length >= number)
    const hello = this.all('hello').at(-1)
    assert(hello)
    assert(isSigned(hello, helloText(nonce, identity.caSha256)), 'the hello proves its key')
    this.send({
      type: 'welcome',
      node: identity.node,
      session: `session-${number}`,
      sendFacts,
      clock: Date.now(),
      intervalMs,
    })
    return hello
  }

  all<Type extends AgentMessage['type']>(type: Type) {
    return this.said.filter((message): message is Of<Type> => message.type === type)
  }

  /** The n-th message of its type, once it has come. */
  async hears<Type extends AgentMessage['type']>(type: Type, number = 1) {
    await until(`${type} ${number} is said`, () => this.all(type).length >= number)
    const message = this.all(type)[number - 1]
    assert(message)
    return message
  }

  end() {
    for (const socket of this.sockets) socket.terminate()
    this.#server.close()
  }
}

function framed(bytes: Buffer) {
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(BigInt(bytes.length))
  return [length, bytes]
}

function isSigned({ key, signature }: Of<'hello'>, text: string) {
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key }, format: 'jwk' })
  return verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64url'))
}
