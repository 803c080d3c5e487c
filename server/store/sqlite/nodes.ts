import type { Database } from 'better-sqlite3'
import type { Facts } from '../../../protocol/facts.ts'
import { isRecord } from '../../../protocol/is-record.ts'
import type { By, DesiredStore, Enrolling, Fleet, FleetNode, Node } from '../store.ts'
import type { Subject } from '../stale-write.ts'
import type { Audit } from './audit.ts'
import type { Assign } from './assignments.ts'
import type { Write } from './commits.ts'
import { fromJson } from './json.ts'
import type { Written } from './written.ts'
import { createStanceReader } from './stances.ts'

export interface NodeRow {
  id: string
  name: string
  key: string
  cluster: string
  token: string
  created_at: number
  revoked_at: number | null
  archived_at: number | null
  awaits_approval: number
}

export function nodeOf({ id, name, key, cluster, ...row }: NodeRow): Node {
  return {
    id,
    name,
    key,
    cluster,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
    archivedAt: row.archived_at,
    awaitsApproval: row.awaits_approval === 1,
  }
}

export interface DesiredParts {
  database: Database
  write: Write
  audit: Audit
  written: Written
}

type Nodes = Pick<DesiredStore, 'enrol' | 'findNode' | 'findNodeByKey' | 'revoke' | 'readFleet'>

export function createNodes(parts: DesiredParts & { makeNode: MakeNode }): Nodes {
  const { database, write } = parts
  const byName = database.prepare<[string], NodeRow>(
    'select * from nodes where name = ? order by revoked_at is null desc, revoked_at desc limit 1',
  )
  const byKey = database.prepare<[string], NodeRow>('select * from nodes where key = ?')
  const found = (row: NodeRow | undefined) => row && nodeOf(row)
  const enrol = enrolling(parts)
  return {
    enrol: (tokenId, node, at) => write(() => enrol(tokenId, node, at)),
    findNode: async (name) => found(byName.get(name)),
    findNodeByKey: async (key) => found(byKey.get(key)),
    revoke: revoking(parts),
    readFleet: fleetReader(database),
  }
}

interface NewNode extends Pick<Node, 'id' | 'name' | 'key' | 'cluster'> {
  roles: string[]
  awaitsApproval: boolean
  /** What it joined by: a token's id, or an instance. */
  token: string
}
export type MakeNode = (node: NewNode, by: By, author: string) => Node

/** Makes a node with its roles, which are `author`'s, in the transaction of whoever calls it. */
export function createMakeNode({ database, audit, written, assign }: DesiredParts & { assign: Assign }): MakeNode {
  const insert = database.prepare<(string | number)[], NodeRow>(
    'insert into nodes (id, name, key, cluster, token, created_at, awaits_approval) values (?, ?, ?, ?, ?, ?, ?) returning *',
  )
  return ({ id, name, key, cluster, roles, awaitsApproval, token }, by, author) => {
    const made = insert.get(id, name, key, cluster, token, by.at, Number(awaitsApproval))
    if (!made) throw new Error(`Node ${name} was stored and is not there.`)
    assign({ id, cluster }, roles, { author, at: by.at })
    written.bump({ scope: 'node', subject: id })
    audit(by, { action: 'enrol', subject: name, cluster, after: { id, cluster, roles } })
    return nodeOf(made)
  }
}

/** All checks and the use of the token are in one transaction: two nodes can't share the last use, nor a name. */
function enrolling({ database, makeNode }: DesiredParts & { makeNode: MakeNode }) {
  const byKey = database.prepare<[string], NodeRow>('select * from nodes where key = ?')
  const living = database.prepare<[string], NodeRow>('select * from nodes where name = ? and revoked_at is null')
  const token = database.prepare<
    [string],
    { uses_left: number; expires_at: number; roles: string; cluster: string; author: string; approval: number }
  >('select uses_left, expires_at, roles, cluster, author, approval from join_tokens where id = ?')
  const take = database.prepare('update join_tokens set uses_left = uses_left - 1 where id = ?')

  return (tokenId: string, node: Pick<Node, 'id' | 'name' | 'key'>, at: number): Enrolling => {
    const { name, key } = node
    const known = byKey.get(key)
    if (known?.revoked_at != null) return { status: 'key-revoked' }
    if (known && (known.name !== name || known.token !== tokenId)) return { status: 'key-taken' }
    if (known) return { status: 'enrolled', node: nodeOf(known), again: true }
    const given = token.get(tokenId)
    if (!given) return { status: 'unknown-token' }
    if (given.expires_at <= at) return { status: 'expired' }
    if (given.uses_left < 1) return { status: 'used-up' }
    if (living.get(name)) return { status: 'name-taken' }
    take.run(tokenId)
    const { cluster, author } = given
    const roles = fromJson<string[]>(given.roles)
    const fresh = { ...node, cluster, roles, awaitsApproval: given.approval === 1, token: tokenId }
    return { status: 'enrolled', node: makeNode(fresh, { author: `token ${tokenId}`, at }, author), again: false }
  }
}

function revoking({ database, write, audit, written }: DesiredParts): DesiredStore['revoke'] {
  const revoke = database.prepare<[number, string], NodeRow>(
    'update nodes set revoked_at = ? where id = ? and revoked_at is null returning *',
  )
  const freeOrdinals = database.prepare('delete from ordinals where node = ?')
  const freeLeases = database.prepare('delete from leases where node = ?')
  return (nodeId: string, by: By) =>
    write(() => {
      const node = revoke.get(by.at, nodeId)
      if (!node) return
      freeOrdinals.run(nodeId)
      freeLeases.run(nodeId)
      written.bump({ scope: 'node', subject: nodeId })
      const { name: subject, cluster, key } = node
      audit(by, { action: 'revoke', subject, cluster, before: { id: nodeId, key } })
    })
}

/** A few queries for all nodes, not some for each. */
function fleetReader(database: Database): DesiredStore['readFleet'] {
  const nodes = database.prepare<[], NodeRow & { digest: string | null }>(
    'select nodes.*, facts.digest from nodes left join facts on facts.node = nodes.id where revoked_at is null and archived_at is null order by name',
  )
  const roles = database.prepare<[], { node: string; role: string }>(
    'select node, role from assignments order by node, position',
  )
  const ordinals = database.prepare<[], { node: string; cluster: string; role: string; ordinal: number }>(
    'select * from ordinals',
  )
  const attributes = database.prepare<[], { scope: string; subject: string; key: string; value: string }>(
    'select scope, subject, key, value from attributes order by key',
  )
  const revisions = database.prepare<[], Subject & { revision: number }>('select * from written')
  const addStances = createStanceReader(database)
  const factsOf = factsReader(database)
  return async () => {
    const fleet: Fleet = { nodes: [], clusters: {}, clusterRevisions: {} }
    const byId = new Map<string, FleetNode>()
    for (const { digest, ...row } of nodes.all()) {
      const facts = digest === null ? null : factsOf(row.id, digest)
      const node = { ...nodeOf(row), roles: [], attributes: {}, facts, ordinals: {}, revision: 0 }
      fleet.nodes.push(node)
      byId.set(node.id, node)
    }
    for (const { node, role } of roles.all()) byId.get(node)?.roles.push(role)
    for (const { node, role, ordinal } of ordinals.all()) assignIn(byId.get(node)?.ordinals, role, ordinal)
    for (const { scope, subject, key, value } of attributes.all()) {
      const of = scope === 'node' ? byId.get(subject)?.attributes : (fleet.clusters[subject] ??= {})
      assignIn(of, key, JSON.parse(value))
    }
    for (const { scope, subject, revision } of revisions.all()) {
      if (scope === 'cluster') fleet.clusterRevisions[subject] = revision
      const node = byId.get(subject)
      if (scope === 'node' && node) node.revision = revision
    }
    addStances(byId)
    return fleet
  }
}

/** Facts are most of what a fleet is, and seldom others: those that were read are known by their digest. Frozen, since recipes are handed them. */
function factsReader(database: Database) {
  const facts = database.prepare<[string], { facts: string }>('select facts from facts where node = ?')
  const known = new Map<string, { digest: string; facts: Facts | null }>()
  return (nodeId: string, digest: string) => {
    const before = known.get(nodeId)
    if (before?.digest === digest) return before.facts
    const row = facts.get(nodeId)
    const read = { digest, facts: row ? frozen(fromJson<Facts>(row.facts)) : null }
    known.set(nodeId, read)
    return read.facts
  }
}

function frozen<Value extends object>(value: Value): Value {
  for (const inner of Object.values(value)) if (isRecord(inner) || Array.isArray(inner)) frozen(inner)
  return Object.freeze(value)
}

function assignIn<Value>(record: Record<string, Value> | undefined, key: string, value: Value) {
  if (record) record[key] = value
}
