import { z } from 'zod'
import { Catalog, Sha256 } from './catalog.ts'
import { ResourceEvent, Report, RunMode, Time } from './events.ts'
import { Facts } from './facts.ts'

/** Spoken on `wss://SERVER/agent`. The server refuses another number with a reason. */
export const protocolVersion = 1

/** Why the server closed a connection: WebSocket close codes of the range for applications (RFC 6455 §7.4.2). */
export const closeCodes = {
  badMessage: 4400,
  notProven: 4401,
  revoked: 4403,
  replaced: 4409,
  otherProtocol: 4426,
} as const

/** All that an agent may say. Anything else closes the connection. */
export const AgentMessage = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('hello'),
    protocol: z.int(),
    /** Raw Ed25519 public key, base64url: who the agent is. */
    key: z.string().max(64),
    /** Over `helloText(nonce, server)`, base64url. */
    signature: z.string().max(128),
    agentVersion: z.string().max(64),
    factsDigest: Sha256,
    catalogDigest: Sha256.nullable(),
    /** The node's clock in ms since 1970, to correct the times in its reports. */
    clock: Time,
  }),
  z.strictObject({ type: z.literal('facts'), facts: Facts }),
  z.strictObject({ type: z.literal('delivered'), order: z.string().max(64) }),
  z.strictObject({ type: z.literal('refused'), order: z.string().max(64), reason: z.string().max(4096) }),
  z.strictObject({
    type: z.literal('started'),
    run: z.uuid(),
    orders: z.array(z.string().max(64)),
    mode: RunMode,
    resources: z.int(),
  }),
  /** Events as they happen, for whoever watches; the report at the end is what is stored. */
  z.strictObject({
    type: z.literal('progress'),
    run: z.uuid(),
    /** How many resources were found unchanged since the last message; they are only counted. */
    unchanged: z.int().nonnegative(),
    events: z.array(ResourceEvent).max(1000),
  }),
  z.strictObject({ type: z.literal('report'), report: Report, clock: Time }),
])
export type AgentMessage = z.infer<typeof AgentMessage>

/** All that the server may say. */
export const ServerMessage = z.discriminatedUnion('type', [
  /** `server`: SHA-256 of the CA's certificate (DER), hex. It is in what the agent signs, so that a proof cannot be carried to another server. */
  z.strictObject({ type: z.literal('challenge'), nonce: z.string(), server: Sha256 }),
  z.strictObject({
    type: z.literal('welcome'),
    node: z.string(),
    /** Bearer token for blobs over HTTPS; it ends with this connection. */
    session: z.string(),
    /** The server lacks the facts of that digest. */
    sendFacts: z.boolean(),
    /** The server's clock in ms since 1970. */
    clock: z.int(),
    /** How often the agent converges of its own accord. */
    intervalMs: z.int().positive(),
  }),
  z.strictObject({ type: z.literal('catalog'), catalog: Catalog }),
  /** The catalog that the agent greeted with is still the right one. */
  z.strictObject({ type: z.literal('current') }),
  /** There is no catalog for this node now, and why: no roles yet, pending, or a recipe that does not compile. */
  z.strictObject({
    type: z.literal('no-catalog'),
    why: z.enum(['unassigned', 'pending', 'error']),
    reason: z.string(),
  }),
  z.strictObject({
    type: z.literal('order'),
    id: z.string(),
    mode: RunMode,
    /** Converge only if this is what the node would do: the hash of a plan. */
    plan: Sha256.optional(),
    /** By the server's clock: an order that arrives later, out of a network that was cut, has its final state already and is refused. */
    startBy: z.int(),
  }),
  z.strictObject({ type: z.literal('cancel'), id: z.string() }),
  /** The report of this run is in the store: the agent may forget it. */
  z.strictObject({ type: z.literal('stored'), run: z.uuid() }),
])
export type ServerMessage = z.infer<typeof ServerMessage>

/** What an agent signs to prove its key. */
export function helloText(nonce: string, server: string) {
  return `trivet agent hello ${protocolVersion}\n${server}\n${nonce}`
}
