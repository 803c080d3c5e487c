import type { ResourceId } from '../../protocol/catalog.ts'
import type { ResourceEvent, Report, Run, RunMode } from '../../protocol/events.ts'
import type { Facts } from '../../protocol/facts.ts'
import type { Activity, TimelineItem } from '../../protocol/history.ts'
import type { Clusters, NodeSummary, Stance, Stances, StoredRun } from '../../protocol/views.ts'
import type { AttestedStore } from './attested.ts'
import type { HookStore } from './hooks.ts'
import type { Subject } from './stale-write.ts'
import type { OrderStore, Turn } from './orders.ts'
import type { RetentionStore } from './retention.ts'
import type { RevisionStore } from './revisions.ts'
import type { By, WhoStore } from './who.ts'

export type { By } from './who.ts'

/** The server's own certificate authority, PEM. In the store, so that one file backs up everything. */
export interface Authority {
  certificate: string
  key: string
}

export interface JoinToken {
  id: string
  secretHash: Buffer
  usesLeft: number
  expiresAt: number
  roles: string[]
  cluster: string
  names: string
  author: string
  /** Who joins with it waits until somebody approves. */
  approval: boolean
}

export interface Node {
  id: string
  name: string
  key: string
  cluster: string
  createdAt: number
  revokedAt: number | null
  archivedAt: number | null
  /** It gets no catalog, and nobody in its cluster sees it, until somebody approves it. */
  awaitsApproval: boolean
}

export type Enrolling =
  | { status: 'enrolled'; node: Node; again: boolean }
  | { status: 'expired' | 'used-up' | 'unknown-token' | 'name-taken' | 'key-taken' | 'key-revoked' }

export interface AttributePlace extends Subject {
  key: string
}

export interface SetValue {
  value: unknown
  author: string
  at: number
}

export type StanceKind = keyof Stances

/** A living node with all that its catalog is compiled from. Its stances are as they were taken: one may have ended by itself. */
export interface FleetNode extends Node, Stances {
  roles: string[]
  attributes: Record<string, unknown>
  facts: Facts | null
  /** By role, in the node's cluster. */
  ordinals: Record<string, number>
  /** The number of the last write to it. */
  revision: number
}

/** All living nodes that are not archived by name, and the attributes of clusters, as of one moment. */
export interface Fleet {
  nodes: FleetNode[]
  clusters: Record<string, Record<string, unknown>>
  /** The number of the last write to each cluster that has one. */
  clusterRevisions: Record<string, number>
}

/** How a node stands by what it said last. */
export interface Standing {
  seenAt: number | null
  /** The last converge; a plan changes nothing, so it is no standing. */
  lastRun: NonNullable<NodeSummary['lastRun']> | null
  /** With `reboot` while the machine has yet to come back from one. */
  owed: string[]
  /** Digest of the catalog that it converged to. */
  catalog: string | null
  /** The gates that it waited at, and why. */
  waits: Record<ResourceId, string>
}

/** The right to act, given to a node. Its number is higher than that of any lease before. */
export interface Lease {
  cluster: string
  group: string
  /** The node's id. */
  node: string
  fence: number
  action: string
  grantedAt: number
  expiresAt: number
}

/** Which lease: once it is another, it is not meant any more. */
type LeaseKey = Pick<Lease, 'node' | 'group' | 'fence'>

export interface AccessStore {
  readAuthority(): Promise<Authority | undefined>
  keepAuthority(authority: Authority): Promise<void>
  createToken(token: JoinToken, by: By): Promise<void>
  findToken(id: string): Promise<JoinToken | undefined>
  /** Those that can still be used at `now`. */
  listTokens(now: number): Promise<JoinToken[]>
  /** False when there is none. */
  deleteToken(id: string, by: By): Promise<boolean>
}

export interface DesiredStore {
  /** Takes one use of the token and makes the node with the token's roles, or neither. The same key, name and token again gives the same node and takes no use. */
  enrol(tokenId: string, node: Pick<Node, 'id' | 'name' | 'key'>, at: number): Promise<Enrolling>
  /** The living node of that name, else the one revoked last. */
  findNode(name: string): Promise<Node | undefined>
  findNodeByKey(key: string): Promise<Node | undefined>
  readFleet(): Promise<Fleet>
  /** Writes that give an `ifRevision` throw StaleWrite where the last write to what they write is another; they have done nothing then. */
  /** Appends those the node lacks, in order, and gives each a lasting ordinal in the node's cluster. */
  assign(nodeId: string, roles: string[], by: By, ifRevision?: number): Promise<void>
  unassign(nodeId: string, roles: string[], by: By, ifRevision?: number): Promise<void>
  setAttribute(place: AttributePlace, value: unknown, by: By, ifRevision?: number): Promise<void>
  /** False when it was not set. */
  unsetAttribute(place: AttributePlace, by: By, ifRevision?: number): Promise<boolean>
  readAttributes(scope: AttributePlace['scope'], subject: string): Promise<Record<string, SetValue>>
  /** Takes the stance in the place of the one before, or with null ends it; ending what is not there is no write. */
  setStance(nodeId: string, kind: StanceKind, stance: Pick<Stance, 'reason' | 'until'> | null, by: By): Promise<void>
  /** The node's name, ordinals and leases are free from then on; its key never. */
  revoke(nodeId: string, by: By): Promise<void>
  /** False when another node that was not revoked has the name. */
  renameNode(nodeId: string, name: string, by: By): Promise<boolean>
  /** False when it did not wait for it. */
  approveNode(nodeId: string, by: By): Promise<boolean>
  /** Out of the fleet; its leases are free, its name, key and ordinals are not. False when it was so before. */
  archiveNode(nodeId: string, by: By): Promise<boolean>
  /** Back into the fleet as it was. False when it was not archived. */
  restoreNode(nodeId: string, by: By): Promise<boolean>
  /** By name. */
  listArchived(): Promise<Node[]>
  /** Counts the writes above. */
  revision(): Promise<number>
}

export interface ObservedStore {
  keepFacts(nodeId: string, digest: string, facts: Facts, at: number): Promise<void>
  factsDigest(nodeId: string): Promise<string | undefined>
  markSeen(nodeId: string, at: number): Promise<void>
  /** By node's id; nodes that never said anything are not in it. */
  readStandings(): Promise<ReadonlyMap<string, Standing>>
  /** Exactly once by the run's id, together with all that follows from it: standing, and the targets it finishes, which it gives back; undefined where it was stored before. Resolves when it would survive a power cut. */
  storeReport(nodeId: string, report: Report, receivedAt: number): Promise<Turn[] | undefined>
  /** Newest first. */
  findRuns(filter: RunFilter): Promise<StoredRun[]>
  /** By id or what its id begins with; two of them when that is not unique. */
  findRunsByPrefix(prefix: string, clusters?: Clusters): Promise<StoredRun[]>
  readEvents(runId: string): Promise<ResourceEvent[]>
}

export interface RunFilter {
  node?: string | undefined
  /** Nodes that have the role now. */
  role?: string | undefined
  cluster?: string | undefined
  /** None but these clusters. */
  clusters?: Clusters | undefined
  outcome?: Run['outcome'] | undefined
  trigger?: Run['trigger'] | undefined
  mode?: RunMode | undefined
  /** Something was drift. */
  drift?: boolean | undefined
  /** Has an event of this resource. */
  resource?: string | undefined
  /** All of its words are in what is told of the run and its events; `word*` stands for words that begin so. */
  text?: string | undefined
  /** Ended at that time or later. */
  from?: number | undefined
  /** Ended before. */
  to?: number | undefined
  /** Answers that order. */
  order?: string | undefined
  limit: number
  /** The id of the last run of the page before. */
  after?: string | undefined
}

export interface ActivityFilter {
  /** None but these clusters. */
  clusters?: string[] | undefined
  /** The id of one node. */
  node?: string | undefined
  mode?: RunMode | undefined
  from: number
  to?: number | undefined
}

/** Where an item stands in a timeline; its key tells items of one time and type apart. */
export interface TimelinePlace {
  at: number
  type: TimelineItem['type']
  key: string | number
}

/** Newest first, or oldest first. */
export type TimelineSort = '-at' | 'at'

/** What views of history are read from. */
export interface HistoryStore {
  /** By hour and outcome. */
  readActivity(filter: ActivityFilter): Promise<Activity[]>
  readTimeline(
    node: Pick<Node, 'id' | 'name' | 'cluster'>,
    page: { limit: number; sort: TimelineSort; after?: TimelinePlace | undefined },
  ): Promise<(TimelinePlace & { item: TimelineItem })[]>
}

export interface LeaseStore {
  /** All that are held, by their fences. */
  readLeases(): Promise<Lease[]>
  /** In the place of the one that the node has in the group. Resolves when it would survive a power cut; undefined where the node was revoked. */
  grantLease(lease: Omit<Lease, 'fence'>): Promise<Lease | undefined>
  renewLeases(leases: LeaseKey[], expiresAt: number): Promise<void>
  /** False when that lease is held no more. With `ended` it leaves an audit row: it was not the node that gave it back. */
  endLease(lease: LeaseKey, ended?: { by: By; action: 'release-lease' | 'expire-lease' }): Promise<boolean>
}

/** Everything the server remembers. Promises in all, so that a store over the network changes no caller. */
export interface Store
  extends
    AccessStore,
    WhoStore,
    DesiredStore,
    AttestedStore,
    ObservedStore,
    HistoryStore,
    OrderStore,
    LeaseStore,
    HookStore,
    RetentionStore,
    RevisionStore {
  /** A whole, consistent copy into a new file, while the store is in use. */
  backup(path: string): Promise<void>
  close(): Promise<void>
}
