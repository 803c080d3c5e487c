import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { WebSocket } from 'ws'
import { connect, type Connection } from '../../agent/link/connection.ts'
import { pinnedTo, post } from '../../agent/link/https.ts'
import { makeKey, publicKeyOf, signWith } from '../../agent/kept/keys.ts'
import type { Identity } from '../../agent/kept/state.ts'
import { Progress } from '../../agent/runs/progress.ts'
import { makeClient } from '../../cli/api-client.ts'
import type { Login } from '../../cli/login-file.ts'
import { api } from '../../protocol/api.ts'
import { digestOf } from '../../protocol/catalog.ts'
import { agentPath, Enrolled, enrolPath } from '../../protocol/enrolment.ts'
import type { ResourceEvent } from '../../protocol/events.ts'
import type { AgentMessage } from '../../protocol/messages.ts'
import { parseToken, type Token } from '../../protocol/token.ts'
import { factsOf } from '../history/nodes.ts'
import { randomOf } from '../history/random.ts'

/** Who tells of a run, event by event. */
export interface Speaker {
  tell(event: ResourceEvent): void
  close(): Promise<unknown>
}

export interface Crew {
  speakers: Speaker[]
  /** The first so many begin a run. */
  begin: (count: number) => Promise<unknown>
}

/** So many are joined, or connected, side by side. */
const sideBySide = 50
const patienceMs = 60_000
const resourcesOfRun = 10_000

/** Agents of new nodes, who begin a run when they are ordered to: the agent's own link, without a machine. */
export async function agentsOf(login: Login, count: number, roles = ['w5']): Promise<Crew> {
  const client = makeClient(login)
  const { token: text } = await client.call(api.createToken, { uses: count, roles })
  const token = parseToken(text)
  if (!token) throw new Error('the server gave no token that can be read')
  const agents = await inPortions(count, () => joined(login, token))
  const begin = async (some: number) => {
    const ordered = agents.slice(0, some)
    const begun = Promise.all(ordered.map((agent) => agent.begun()))
    await client.call(api.createOrder, { nodes: ordered.map(({ node }) => node), deadlineMs: 3600_000 })
    return begun
  }
  return { speakers: agents, begin }
}

/** Connections that tell the relay the same, each event when it comes. */
export async function talkersOf({ url, ca }: Login, count: number): Promise<Crew> {
  const speakers = await inPortions(count, async () => {
    const socket = new WebSocket(url.replace(/^https/, 'wss') + agentPath, {
      ...pinnedTo({ ca }),
      perMessageDeflate: false,
    })
    await once(socket, 'open')
    const run = randomUUID()
    const close = () => {
      const closed = once(socket, 'close')
      socket.close()
      return closed
    }
    return { tell: (event: ResourceEvent) => socket.send(JSON.stringify(progressOf(run, event))), close }
  })
  return { speakers, begin: async () => undefined }
}

function progressOf(run: string, event: ResourceEvent): AgentMessage {
  return { type: 'progress', run, unchanged: 0, events: [event] }
}

async function joined({ url, ca }: Login, { id, secret, ca: caSha256 }: Token) {
  const key = makeKey()
  const name = `live-${randomUUID()}`
  const body = { token: { id, secret }, name, key: publicKeyOf(key), signature: signWith(key, id) }
  const { status, bytes } = await post({ url, ca }, enrolPath, body)
  if (status !== 200) throw new Error(`${name} was not enrolled: ${bytes.toString()}`)
  const enrolled = Enrolled.parse(JSON.parse(bytes.toString()))
  return new Agent({ url, ca, caSha256, ...enrolled }, key)
}

class Agent implements Speaker {
  readonly node: string
  readonly #connection: Connection
  readonly #orders = new EventEmitter()
  #progress: Progress | undefined

  constructor(identity: Identity, key: string) {
    this.node = identity.node
    const facts = factsOf(identity.node, 0, randomOf(1))
    this.#connection = connect({
      identity,
      key: () => key,
      agentVersion: facts.agentVersion,
      greeting: async () => ({ factsDigest: digestOf(facts), catalogDigest: null, spoolBytes: 0 }),
      receive: async (message, { send }) => {
        if (message.type === 'welcome' && message.sendFacts) send({ type: 'facts', facts })
        if (message.type === 'order') this.#begin(message.id)
      },
      log: () => undefined,
      now: Date.now,
    })
  }

  /** It has begun a run for the next order. */
  begun() {
    return once(this.#orders, 'begun', { signal: AbortSignal.timeout(patienceMs) })
  }

  tell(event: ResourceEvent) {
    this.#progress?.event(event)
  }

  close() {
    this.#connection.close()
    return this.#connection.closed
  }

  #begin(order: string) {
    const run = { id: randomUUID(), mode: 'converge', trigger: 'order', catalog: null, startedAt: Date.now() } as const
    this.#progress = new Progress((message) => {
      this.#connection.send(message)
      return true
    })
    this.#connection.send({ type: 'delivered', order })
    this.#progress.started({ ...run, orders: [order] }, resourcesOfRun)
    this.#orders.emit('begun')
  }
}

async function inPortions<Item>(count: number, make: () => Promise<Item>) {
  const made: Item[] = []
  while (made.length < count) {
    const portion = Math.min(sideBySide, count - made.length)
    made.push(...(await Promise.all(Array.from({ length: portion }, make))))
  }
  return made
}
