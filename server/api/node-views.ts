import type { z } from 'zod'
import type { NodeState, NodeSummary } from '../../protocol/views.ts'
import type { Wanted } from '../catalogs.ts'
import { stancesAt } from '../stances.ts'
import type { FleetNode, Node, Standing } from '../store/store.ts'
import type { ApiParts } from './call.ts'

/** One node as `node show` has it. */
export async function detailOf(parts: ApiParts, node: Node) {
  const { store, catalogs } = parts
  const [{ nodes }, standings] = await Promise.all([store.readFleet(), store.readStandings()])
  const whole: FleetNode = nodes.find(({ id }) => id === node.id) ?? { ...node, ...nothing }
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
    owed: standing?.owed ?? [],
  }
}

/** What is left of a revoked node. */
const nothing = { roles: [], attributes: {}, facts: null, ordinals: {} }

/** All living nodes, by name. */
export async function summariesOf(parts: ApiParts) {
  const [{ nodes }, standings] = await Promise.all([parts.store.readFleet(), parts.store.readStandings()])
  return nodes.map((node) => summaryOf(node, standings.get(node.id), parts))
}

function summaryOf(
  node: FleetNode,
  standing: Standing | undefined,
  { catalogs, registry, clock }: ApiParts,
): NodeSummary {
  const wanted = catalogs.of(node.id)
  return {
    name: node.name,
    cluster: node.cluster,
    roles: node.roles,
    address: node.facts?.address ?? null,
    connected: registry.isConnected(node.id),
    state: stateOf(node, wanted, standing),
    reason: wanted && wanted.compiled.status !== 'compiled' ? wanted.compiled.reason : null,
    lastRun: standing?.lastRun ?? null,
    ...stancesAt(node, clock()),
  }
}

function stateOf(
  { revokedAt }: Node,
  wanted: Wanted | undefined,
  standing: Standing | undefined,
): z.infer<typeof NodeState> {
  if (revokedAt !== null) return 'revoked'
  if (wanted && wanted.compiled.status !== 'compiled') return wanted.compiled.status
  return standing?.lastRun?.outcome ?? 'new'
}
