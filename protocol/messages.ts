import { z } from 'zod'
import { Catalog, ResourceId, Sha256 } from './catalog.ts'
import { ResourceEvent, Report, RunMode, Time } from './events.ts'
import { Facts } from './facts.ts'
import { Name } from './name.ts'
import { AgentVersion, Patience, UpgradeResult } from './upgrade.ts'
import { spoken } from './versions.ts'

/** Of what is spoken on `wss://SERVER/agent` the major version; which minor one, the two sides choose (versions.ts). */
export const protocolVersion = spoken.major

/** Why the server closed a connection: WebSocket close codes of the range for applications (RFC 6455 §7.4.2). */
export const closeCodes = {
  badMessage: 4400,
  notProven: 4401,
  revoked: 4403,
  replaced: 4409,
  /** It may be restored at any time. */
  archived: 4410,
  otherProtocol: 4426,
} as const

/** What an agent wants a lease for: `restart service[zookeeper]`. */
export const WantedLease = z.strictObject({
  group: Name,
  action: z.string().max(512),
  /** It asks to be the last of its group. */
  last: z.literal(true).optional(),
})
export type WantedLease = z.infer<typeof WantedLease>

const mostProbes = 1000

/** Bytes of the reports that wait on the node's disk for the server, beside one that this message brings. Not every agent says it: older ones do not. */
const spoolBytes = z.int().nonnegative().optional()

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
    spoolBytes,
  }),
  z.strictObject({ type: z.literal('facts'), facts: Facts }),
  z.strictObject({ type: z.literal('delivered'), order: z.string().max(64) }),
  z.strictObject({ type: z.literal('refused'), order: z.string().max(64), reason: z.string().max(4096) }),
  /** A run that nobody ordered is told of at its first difference, or when it lasts; one in which nothing differs costs only its report. */
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
  z.strictObject({ type: z.literal('report'), report: Report, clock: Time, spoolBytes }),
  /** How the probes of the node's catalog are, whenever one of them is another: all of them, null for well, else what is wrong. */
  z.strictObject({
    type: z.literal('health'),
    probes: z
      .record(ResourceId, z.string().max(2000).nullable())
      .refine((probes) => Object.keys(probes).length <= mostProbes, `at most ${mostProbes} probes`),
  }),
  /** For what the node wants leases, all of it. The server answers each with `lease` or `no-lease`, and with `lease` later, when it can be had. */
  z.strictObject({ type: z.literal('leases'), wanted: z.array(WantedLease).max(100) }),
  /** Given back: what it was for is done, and its probe is well. */
  z.strictObject({ type: z.literal('lease-over'), group: Name, fence: z.int() }),
  /** An agent goes, for the one that the order asked for to come. */
  z.strictObject({ type: z.literal('upgrading'), order: z.string().max(64) }),
  /** Said until the server has it. */
  z.strictObject({ type: z.literal('upgrade-over'), result: UpgradeResult }),
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
  /** An order to become another version; a lower one only where that is meant. */
  z.strictObject({
    type: z.literal('upgrade'),
    id: z.string(),
    version: AgentVersion,
    downgrade: z.boolean(),
    patienceMs: Patience,
    startBy: z.int(),
  }),
  z.strictObject({ type: z.literal('upgrade-stored'), order: z.string() }),
  z.strictObject({ type: z.literal('cancel'), id: z.string() }),
  /** The right to act, until `expiresAt` by the server's clock: with a number that is higher than of any lease before. It is renewed as long as the node is connected. */
  z.strictObject({ type: z.literal('lease'), group: Name, fence: z.int(), expiresAt: z.int() }),
  z.strictObject({ type: z.literal('no-lease'), group: Name, reason: z.string() }),
  /**
   * How the gates in the node's catalog are, by name: those that are open with the digest of what they want, so that none is taken for one of
   * another catalog, and why the others are closed. Said before the catalog, and whenever it is another.
   */
  z.strictObject({
    type: z.literal('gates'),
    open: z.record(z.string(), Sha256),
    closed: z.record(z.string(), z.string()),
  }),
  /** The report of this run is in the store: the agent may forget it. */
  z.strictObject({ type: z.literal('stored'), run: z.uuid() }),
])
export type ServerMessage = z.infer<typeof ServerMessage>

/** What an agent signs to prove its key. */
export function helloText(nonce: string, server: string) {
  return `trivet agent hello ${protocolVersion}\n${server}\n${nonce}`
}
