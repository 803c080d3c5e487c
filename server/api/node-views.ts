import type { NodeSummary } from '../../protocol/views.ts'
import type { Compiled } from '../compile/compile.ts'
import { stancesAt } from '../stances.ts'
import type { FleetNode, Node, Standing } from '../store/store.ts'
import type { ApiParts } from './call.ts'
import type { Caller } from './caller.ts'

/** One node as `node show` has it. */
export async function detailOf(parts: ApiParts, node: Node) {
  const { store, catalogs, registry, leases } = parts
  const standings = await store.readStandings()
  const whole: FleetNode = catalogs.of(node.id)?.node ?? { ...node, ...nothing }
  const standing = standings.get(node.id)
  const compiled = catalogs.of(node.id)?.compiled
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
const nothing = { roles: [], attributes: {}, facts: null, ordinals: {} }

/** All living nodes that the caller sees, by name: as of the last look, since reading ten thousand of them from the store takes a while. */
export async function summariesOf(parts: ApiParts, caller: Caller) {
  const standings = await parts.store.readStandings()
  const seen = parts.catalogs.all().filter(({ node }) => caller.sees(node.cluster))
  const nodes = seen.map(({ node }) => summaryOf(node, standings.get(node.id), parts))
  return nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function summaryOf(node: FleetNode, standing: Standing | undefined, parts: ApiParts): NodeSummary {
  const { registry, clock } = parts
  return {
    name: node.name,
    cluster: node.cluster,
    roles: node.roles,
    address: node.facts?.address ?? null,
    connected: registry.isConnected(node.id),
    ...stateOf(node, standing, parts),
    lastRun: standing?.lastRun ?? null,
    owed: standing?.owed ?? [],
    behind: isBehind(parts.catalogs.of(node.id)?.compiled, standing),
    ...stancesAt(node, clock()),
  }
}

/** One that was interrupted goes on in the next run. */
function isBehind(compiled: Compiled | undefined, standing: Standing | undefined) {
  if (compiled?.status !== 'compiled') return false
  return compiled.digest !== standing?.catalog || standing.lastRun?.outcome === 'interrupted'
}

function stateOf(
  { id, revokedAt }: Node,
  standing: Standing | undefined,
  { catalogs, gates }: ApiParts,
): Pick<NodeSummary, 'state' | 'reason'> {
  if (revokedAt !== null) return { state: 'revoked', reason: null }
  const compiled = catalogs.of(id)?.compiled
  if (compiled && compiled.status !== 'compiled') return { state: compiled.status, reason: compiled.reason }
  const outcome = standing?.lastRun?.outcome ?? 'new'
  const waits = outcome === 'failed' || outcome === 'interrupted' ? [] : Object.entries(standing?.waits ?? {})
  if (waits.length === 0) return { state: outcome, reason: null }
  const closed = gates.closedFor(id)
  const whyOf = (gate: string) => closed[gate.slice('gate['.length, -1)] ?? 'it is open by now, and the node goes on'
  return { state: 'pending', reason: waits.map(([gate]) => `${gate}: ${whyOf(gate)}`).join('; ') }
}
