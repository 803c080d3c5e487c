import type { Code } from '../../protocol/api/codes.ts'
import { suggest } from '../suggest.ts'
import type { FleetNode, Node } from '../store/store.ts'
import { ApiFault } from './fault.ts'
import type { ApiParts } from './call.ts'
import type { Caller } from './caller.ts'

/** The node of that name, the living one before a revoked one. One that the caller does not see is not there. */
export async function findNode({ store, catalogs }: ApiParts, caller: Caller, name: string): Promise<Node> {
  const node = await store.findNode(name)
  if (node && caller.sees(node.cluster)) return node
  const seen = catalogs.all().filter((wanted) => caller.sees(wanted.node.cluster))
  throw unknown(
    'node',
    name,
    seen.map((wanted) => wanted.node.name),
  )
}

/** A node that was not revoked; archived or not. */
export async function findKnownNode(parts: ApiParts, caller: Caller, name: string): Promise<Node> {
  const node = await findNode(parts, caller, name)
  if (node.revokedAt === null) return node
  throw new ApiFault('revoked', `Node ${name} was revoked. A machine may join under its name anew.`)
}

export async function findLivingNode(parts: ApiParts, caller: Caller, name: string): Promise<Node> {
  const node = await findKnownNode(parts, caller, name)
  if (node.archivedAt === null) return node
  throw new ApiFault('archived', `Node ${name} is archived. It comes back by: trivet node restore ${name}`)
}

/** The living node with all that is set for it. */
export async function findFleetNode(parts: ApiParts, caller: Caller, name: string): Promise<FleetNode> {
  const { id } = await findLivingNode(parts, caller, name)
  if (!parts.catalogs.of(id)) await parts.catalogs.refresh()
  const node = parts.catalogs.of(id)?.node
  if (!node) throw unknown('node', name, [])
  return node
}

export async function findOrder({ store }: ApiParts, { clusters }: Caller, id: string) {
  const order = await store.readOrder(id, clusters)
  if (order) return order
  const recent = await store.listOrders({ clusters, limit: 10 })
  throw unknown(
    'order',
    id,
    recent.map((other) => other.id),
  )
}

export function requireRevision({ revisions }: ApiParts) {
  const revision = revisions.current()
  if (revision) return revision
  throw new ApiFault('no-revision', `No recipes and roles are in force. ${revisions.errors().join('; ')}`)
}

/** Roles must be there when they are assigned; they may go later. */
export function requireRoles(parts: ApiParts, roles: string[]) {
  const known = requireRevision(parts).roles
  for (const role of roles) if (!known.has(role)) throw unknown('role', role, known.keys())
}

/** What there can be an unknown one of: `node`, `role`, … */
type Noun = Code extends infer One ? (One extends `unknown-${infer Word}` ? Word : never) : never

export function unknown(noun: Noun, name: string, known: Iterable<string>) {
  return new ApiFault(`unknown-${noun}`, `There is no ${noun} ${name}. ${suggest(name, known)}`)
}
