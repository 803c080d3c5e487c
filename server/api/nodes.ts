import type { z } from 'zod'
import type { Api } from '../../protocol/api.ts'
import { closeCodes } from '../../protocol/messages.ts'
import { nodeHolds, nodeIs } from '../../protocol/node-words.ts'
import type { ListedNode, NodeSummary } from '../../protocol/views.ts'
import type { ApiParts, Handlers } from './call.ts'
import type { Caller } from './caller.ts'
import { ApiFault } from './fault.ts'
import { findFleetNode, findKnownNode, findLivingNode, findNode, requireRoles } from './find.ts'
import { detailOf, summariesOf } from './node-views.ts'
import { pageAmong } from './pages.ts'
import { unlessStale } from './stale.ts'
import { shownResource } from './withheld.ts'

type NodeCalls = 'listNodes' | 'readNode' | 'readCatalog' | 'assignRoles' | 'unassignRoles' | 'revokeNode'

export function nodeHandlers(parts: ApiParts): Pick<Handlers, NodeCalls> {
  const { store, catalogs, registry } = parts
  return {
    async listNodes(asked, caller) {
      const found = (await summariesOf(parts, caller)).filter((node) => isAsked(node, asked))
      const { items, next } = pageAmong(found, asked, keyOf)
      return { items: withMore(parts, items, asked), next, total: found.length }
    },
    readNode: async ({ node }, caller) => detailOf(parts, await findNode(parts, caller, node)),
    async readCatalog({ node }, caller) {
      const { id } = await findFleetNode(parts, caller, node)
      const compiled = catalogs.of(id)?.compiled
      if (compiled?.status === 'compiled') {
        const { digest, catalog } = compiled
        return { digest, ...catalog, resources: catalog.resources.map(shownResource) }
      }
      throw new ApiFault('no-catalog', `Node ${node} has no catalog: ${compiled?.reason ?? 'it is being compiled'}`, {
        status: compiled?.status ?? 'pending',
      })
    },
    ...assigning(parts),
    async revokeNode({ node }, caller) {
      const { id } = await findKnownNode(parts, caller, node)
      await store.revoke(id, caller.by)
      registry.turnAway(id, closeCodes.revoked, 'this node was revoked')
      return afterWrite(parts, caller, node)
    },
  }
}

function assigning(parts: ApiParts): Pick<Handlers, 'assignRoles' | 'unassignRoles'> {
  const { store } = parts
  return {
    async assignRoles({ node, roles, ifRevision }, caller) {
      requireRoles(parts, roles)
      const { id } = await findLivingNode(parts, caller, node)
      const asked = { scope: 'node', subject: id, name: node, ifRevision, change: { assign: roles } } as const
      await unlessStale(parts, asked, () => store.assign(id, roles, caller.by, ifRevision))
      return afterWrite(parts, caller, node)
    },
    async unassignRoles({ node, roles, ifRevision }, caller) {
      const { id } = await findLivingNode(parts, caller, node)
      const asked = { scope: 'node', subject: id, name: node, ifRevision, change: { unassign: roles } } as const
      await unlessStale(parts, asked, () => store.unassign(id, roles, caller.by, ifRevision))
      return afterWrite(parts, caller, node)
    },
  }
}

/** With what was asked for beside the summaries. */
function withMore({ catalogs }: ApiParts, nodes: NodeSummary[], asked: NodeFilter): ListedNode[] {
  if (!asked.facts && !asked.attributes) return nodes
  const byName = new Map(catalogs.all().map(({ node }) => [node.name, node]))
  return nodes.map((node) => {
    const { facts = null, attributes = {} } = byName.get(node.name) ?? {}
    return { ...node, ...(asked.facts && { facts }), ...(asked.attributes && { attributes }) }
  })
}

type NodeFilter = z.infer<Api['listNodes']['input']>

function isAsked(node: NodeSummary, { role, withoutRole, is, text, ...filter }: NodeFilter) {
  return (
    (role === undefined || node.roles.includes(role)) &&
    (withoutRole === undefined || !node.roles.includes(withoutRole)) &&
    (is === undefined || nodeIs[is](node)) &&
    isOr(filter.cluster, node.cluster) &&
    isOr(filter.state, node.state) &&
    isOr(filter.outcome, node.lastRun?.outcome) &&
    isOr(filter.connected, node.connected) &&
    isOr(filter.behind, node.behind) &&
    isOr(filter.disabled, node.disabled !== undefined) &&
    isOr(filter.audit, node.audit !== undefined) &&
    (text === undefined || nodeHolds(node, text))
  )
}

function isOr<Value>(wanted: Value | undefined, is: Value | undefined) {
  return wanted === undefined || wanted === is
}

function keyOf({ name, cluster, state, lastRun }: NodeSummary, field: string) {
  if (field === 'cluster') return [cluster, name]
  if (field === 'state') return [state, name]
  if (field === 'lastRun') return [lastRun?.finishedAt ?? 0, name]
  return [name]
}

/** The node as the write left it, compiled anew. */
export async function afterWrite(parts: ApiParts, caller: Caller, name: string) {
  await parts.catalogs.refresh()
  const { id: _, ...summary } = await detailOf(parts, await findNode(parts, caller, name))
  return summary
}
