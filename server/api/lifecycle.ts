import { closeCodes } from '../../protocol/messages.ts'
import type { ApiParts, Handlers } from './call.ts'
import { ApiFault } from './fault.ts'
import { findKnownNode, findLivingNode } from './find.ts'
import { afterWrite } from './nodes.ts'
import { pageAmong } from './pages.ts'

type LifecycleCalls = 'renameNode' | 'approveNode' | 'archiveNode' | 'restoreNode' | 'listArchivedNodes'

export function lifecycleHandlers(parts: ApiParts): Pick<Handlers, LifecycleCalls> {
  const { store, registry } = parts
  return {
    async renameNode({ node, to }, caller) {
      const { id } = await findLivingNode(parts, caller, node)
      if (!(await store.renameNode(id, to, caller.by)))
        throw new ApiFault('name-in-use', `A node named ${to} is there already; archived ones keep their names too.`)
      const connection = registry.of(id)
      if (connection) connection.node = { ...connection.node, name: to }
      return afterWrite(parts, caller, to)
    },
    async approveNode({ node }, caller) {
      const waited = await store.approveNode((await findLivingNode(parts, caller, node)).id, caller.by)
      return { ...(await afterWrite(parts, caller, node)), waited }
    },
    async archiveNode({ node }, caller) {
      const { id } = await findKnownNode(parts, caller, node)
      await store.archiveNode(id, caller.by)
      registry.turnAway(id, closeCodes.archived, 'this node is archived')
      return afterWrite(parts, caller, node)
    },
    async restoreNode({ node }, caller) {
      await store.restoreNode((await findKnownNode(parts, caller, node)).id, caller.by)
      return afterWrite(parts, caller, node)
    },
    async listArchivedNodes(page, { sees }) {
      const nodes = await store.listArchived()
      const seen = nodes.filter(({ cluster }) => sees(cluster))
      const views = seen.map(({ name, cluster, createdAt, archivedAt }) => ({ name, cluster, createdAt, archivedAt }))
      return pageAmong(views, page, ({ name, archivedAt }, field) => [
        field === 'name' ? name : (archivedAt ?? 0),
        name,
      ])
    },
  }
}
