import type { z } from 'zod'
import type { NodeState, NodeSummary } from '../../protocol/views.ts'
import type { Wanted } from '../catalogs.ts'
import type { FleetNode, Node, Standing } from '../store/store.ts'
import type { ApiParts, Handlers } from './call.ts'
import { ApiFault } from './fault.ts'
import { findLivingNode, findNode, requireRoles } from './find.ts'

type NodeCalls = 'listNodes' | 'readNode' | 'readCatalog' | 'assignRoles' | 'unassignRoles' | 'revokeNode'

export function nodeHandlers(parts: ApiParts): Pick<Handlers, NodeCalls> {
  const { store, catalogs, registry } = parts
  return {
    async listNodes({ role, cluster }) {
      const [{ nodes }, standings] = await Promise.all([store.readFleet(), store.readStandings()])
      return nodes
        .filter((node) => cluster === undefined || node.cluster === cluster)
        .filter((node) => role === undefined || node.roles.includes(role))
        .map((node) => summaryOf(node, standings.get(node.id), parts))
    },
    readNode: async ({ node }) => detailOf(parts, await findNode(parts, node)),
    async readCatalog({ node }) {
      const { id } = await findLivingNode(parts, node)
      await catalogs.refresh()
      const compiled = catalogs.of(id)?.compiled
      if (compiled?.status === 'compiled') return { digest: compiled.digest, ...compiled.catalog }
      throw new ApiFault(
        409,
        compiled?.status ?? 'pending',
        `Node ${node} has no catalog: ${compiled?.reason ?? 'it is being compiled'}`,
      )
    },
    async assignRoles({ node, roles }, { by }) {
      requireRoles(parts, roles)
      await store.assign((await findLivingNode(parts, node)).id, roles, by)
      return afterWrite(parts, node)
    },
    async unassignRoles({ node, roles }, { by }) {
      await store.unassign((await findLivingNode(parts, node)).id, roles, by)
      return afterWrite(parts, node)
    },
    async revokeNode({ node }, { by }) {
      const { id } = await findLivingNode(parts, node)
      await store.revoke(id, by)
      registry.revoke(id)
      return afterWrite(parts, node)
    },
  }
}

/** The node as the write left it, compiled anew. */
async function afterWrite(parts: ApiParts, name: string) {
  await parts.catalogs.refresh()
  const { id: _, ...summary } = await detailOf(parts, await findNode(parts, name))
  return summary
}

async function detailOf(parts: ApiParts, node: Node) {
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

function summaryOf(node: FleetNode, standing: Standing | undefined, { catalogs, registry }: ApiParts): NodeSummary {
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
  }
}

function stateOf(
  { revokedAt }: Node,
  wanted: Wanted | undefined,
  standing: Standing | undefined,
): z.infer<typeof NodeState> {
  if (revokedAt !== null) return 'revoked'
  if (wanted && wanted.compiled.status !== 'compiled') return wanted.compiled.status
  const outcome = standing?.lastRun?.outcome
  // A converge never says would-change; if an agent says so all the same, nothing was changed.
  return outcome === 'would-change' ? 'unchanged' : (outcome ?? 'new')
}
