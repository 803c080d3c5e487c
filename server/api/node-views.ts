import type { NodeSummary } from '../../protocol/views.ts'
import type { Compiled } from '../compile/compile.ts'
import { stancesAt } from '../stances.ts'
import type { Registry } from '../agents/registry.ts'
import type { Catalogs } from '../catalogs.ts'
import type { Gates } from '../gates.ts'
import type { Leases } from '../leases/leases.ts'
import type { FleetNode, Node, Standing, Store } from '../store/store.ts'
import type { Caller } from './caller.ts'

/** What it takes to say how nodes stand. */
export interface NodeViewParts {
  store: Store
  catalogs: Catalogs
  registry: Registry
  gates: Gates
  clock: () => number
}

/** One node as `node show` has it. */
export async function detailOf(parts: NodeViewParts & { leases: Leases }, node: Node) {
  const { store, catalogs, registry, leases } = parts
  const standing = (await store.readStandings()).get(node.id)
  const wanted = node.revokedAt === null ? catalogs.of(node.id) : undefined
  const whole: FleetNode = wanted?.node ?? { ...node, ...nothing }
  const compiled = wanted?.compiled
  return {
    ...summaryOf(whole, standing, parts),
    id: node.id,
    createdAt: node.createdAt,
    lastSeenAt: standing?.seenAt ?? null,
    facts: whole.facts,
    attributes: whole.attributes,
    ordinals: whole.ordinals,
    catalog:
      compiled?.status === 'compiled'
        ? { digest: compiled.digest, resources: compiled.catalog.resources.length }
        : null,
    probes: registry.of(node.id)?.health ?? {},
    leases: leases.list(node.id),
  }
}

/** What is left of a revoked node. */
const nothing = { roles: [], attributes: {}, facts: null, ordinals: {}, revision: 0 }

/**
 * All living nodes that the caller sees, as of the last look at them, which every write awaits: reading ten thousand anew for each list
 * would take its time.
 */
export async function summariesOf(parts: NodeViewParts, caller: Caller) {
  const standings = await parts.store.readStandings()
  const seen = parts.catalogs.all().filter(({ node }) => caller.sees(node.cluster))
  return seen.map(({ node }) => summaryOf(node, standings.get(node.id), parts))
}

/** Those of some living nodes, or of all, by their ids. */
export async function summariesById(parts: NodeViewParts, nodeIds?: string[]) {
  const { store, catalogs } = parts
  const standings = await store.readStandings()
  const nodes = nodeIds?.flatMap((id) => catalogs.of(id) ?? []) ?? catalogs.all()
  return new Map(nodes.map(({ node }) => [node.id, summaryOf(node, standings.get(node.id), parts)]))
}

interface Made {
  standing: Standing | undefined
  compiled: Compiled | undefined
  summary: NodeSummary
}

/** Of ten thousand nodes all but a few stand as they did when they were asked for last. */
const made = new WeakMap<FleetNode, Made>()

function summaryOf(node: FleetNode, standing: Standing | undefined, parts: NodeViewParts): NodeSummary {
  const compiled = parts.catalogs.of(node.id)?.compiled
  const before = made.get(node)
  const isSame = before?.standing === standing && before?.compiled === compiled
  if (before && isSame && before.summary.connectedAt === parts.registry.connectedAt(node.id)) return before.summary
  const summary = summaryNow(node, standing, parts)
  if (!changesByItself(node, standing)) made.set(node, { standing, compiled, summary })
  return summary
}

/** By the time, or by what other nodes say. */
function changesByItself({ disabled, audit }: FleetNode, standing: Standing | undefined) {
  return disabled !== undefined || audit !== undefined || Object.keys(standing?.waits ?? {}).length > 0
}

function summaryNow(node: FleetNode, standing: Standing | undefined, parts: NodeViewParts): NodeSummary {
  const { registry, clock } = parts
  return {
    name: node.name,
    cluster: node.cluster,
    roles: node.roles,
    address: node.facts?.address ?? null,
    ...(node.facts && { agentVersion: node.facts.agentVersion }),
    connected: registry.isConnected(node.id),
    connectedAt: registry.connectedAt(node.id),
    ...stateOf(node, standing, parts),
    lastRun: standing?.lastRun ?? null,
    owed: standing?.owed ?? [],
    revision: node.revision,
    behind: isBehind(parts.catalogs.of(node.id)?.compiled, standing),
    ...(node.awaitsApproval && { awaitsApproval: true }),
    ...stancesAt(node, clock()),
  }
}

/** One that was interrupted goes on in the next run. */
function isBehind(compiled: Compiled | undefined, standing: Standing | undefined) {
  if (compiled?.status !== 'compiled') return false
  return compiled.digest !== standing?.catalog || standing.lastRun?.outcome === 'interrupted'
}

function stateOf(
  { id, revokedAt, archivedAt }: Node,
  standing: Standing | undefined,
  { catalogs, gates }: NodeViewParts,
): Pick<NodeSummary, 'state' | 'reason'> {
  if (revokedAt !== null) return { state: 'revoked', reason: null }
  if (archivedAt !== null) return { state: 'archived', reason: null }
  const compiled = catalogs.of(id)?.compiled
  if (compiled && compiled.status !== 'compiled') return { state: compiled.status, reason: compiled.reason }
  const outcome = standing?.lastRun?.outcome ?? 'new'
  const waits = outcome === 'failed' || outcome === 'interrupted' ? [] : Object.entries(standing?.waits ?? {})
  if (waits.length === 0) return { state: outcome, reason: null }
  const closed = gates.closedFor(id)
  const whyOf = (gate: string) => closed[gate.slice('gate['.length, -1)] ?? 'it is open by now, and the node goes on'
  return { state: 'pending', reason: waits.map(([gate]) => `${gate}: ${whyOf(gate)}`).join('; ') }
}
