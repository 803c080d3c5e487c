import type { NodeSummary } from '../../protocol/views.ts'
import type { ApiParts, Handlers } from './call.ts'
import { ApiFault } from './fault.ts'
import { findLivingNode, findNode, requireRoles } from './find.ts'
import { detailOf, summariesOf } from './node-views.ts'

type NodeCalls = 'listNodes' | 'readNode' | 'readCatalog' | 'assignRoles' | 'unassignRoles' | 'revokeNode'

export function nodeHandlers(parts: ApiParts): Pick<Handlers, NodeCalls> {
  const { store, catalogs, registry } = parts
  return {
    async listNodes({ role, cluster }) {
      const isAsked = (node: NodeSummary) =>
        (cluster === undefined || node.cluster === cluster) && (role === undefined || node.roles.includes(role))
      return (await summariesOf(parts)).filter(isAsked)
    },
    readNode: async ({ node }) => detailOf(parts, await findNode(parts, node)),
    async readCatalog({ node }) {
      const { id } = await findLivingNode(parts, node)
      await catalogs.refresh()
      const compiled = catalogs.of(id)?.compiled
      if (compiled?.status === 'compiled') return { digest: compiled.digest, ...compiled.catalog }
      throw new ApiFault('no-catalog', `Node ${node} has no catalog: ${compiled?.reason ?? 'it is being compiled'}`, {
        status: compiled?.status ?? 'pending',
      })
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
