import type { NodeSummary } from '../../protocol/views.ts'
import type { ApiParts, Handlers } from './call.ts'
import type { Caller } from './caller.ts'
import { ApiFault } from './fault.ts'
import { findLivingNode, findNode, requireRoles } from './find.ts'
import { detailOf, summariesOf } from './node-views.ts'

type NodeCalls = 'listNodes' | 'readNode' | 'readCatalog' | 'assignRoles' | 'unassignRoles' | 'revokeNode'

export function nodeHandlers(parts: ApiParts): Pick<Handlers, NodeCalls> {
  const { store, catalogs, registry } = parts
  return {
    async listNodes({ role, cluster }, caller) {
      const isAsked = (node: NodeSummary) =>
        (cluster === undefined || node.cluster === cluster) && (role === undefined || node.roles.includes(role))
      return (await summariesOf(parts, caller)).filter(isAsked)
    },
    readNode: async ({ node }, caller) => detailOf(parts, await findNode(parts, caller, node)),
    async readCatalog({ node }, caller) {
      const { id } = await findLivingNode(parts, caller, node)
      await catalogs.refresh()
      const compiled = catalogs.of(id)?.compiled
      if (compiled?.status === 'compiled') return { digest: compiled.digest, ...compiled.catalog }
      throw new ApiFault('no-catalog', `Node ${node} has no catalog: ${compiled?.reason ?? 'it is being compiled'}`, {
        status: compiled?.status ?? 'pending',
      })
    },
    async assignRoles({ node, roles }, caller) {
      requireRoles(parts, roles)
      await store.assign((await findLivingNode(parts, caller, node)).id, roles, caller.by)
      return afterWrite(parts, caller, node)
    },
    async unassignRoles({ node, roles }, caller) {
      await store.unassign((await findLivingNode(parts, caller, node)).id, roles, caller.by)
      return afterWrite(parts, caller, node)
    },
    async revokeNode({ node }, caller) {
      const { id } = await findLivingNode(parts, caller, node)
      await store.revoke(id, caller.by)
      registry.revoke(id)
      return afterWrite(parts, caller, node)
    },
  }
}

/** The node as the write left it, compiled anew. */
async function afterWrite(parts: ApiParts, caller: Caller, name: string) {
  await parts.catalogs.refresh()
  const { id: _, ...summary } = await detailOf(parts, await findNode(parts, caller, name))
  return summary
}
