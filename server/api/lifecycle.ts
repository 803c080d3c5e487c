import type { ApiParts, Handlers } from './call.ts'
import { ApiFault } from './fault.ts'
import { findKnownNode, findLivingNode } from './find.ts'
import { afterWrite } from './nodes.ts'

type LifecycleCalls = 'renameNode' | 'approveNode' | 'archiveNode' | 'restoreNode' | 'listArchivedNodes'

export function lifecycleHandlers(parts: ApiParts): Pick<Handlers, LifecycleCalls> {
  const { store, registry } = parts
  return {
    async renameNode({ node, to }, { by }) {
      const { id } = await findLivingNode(parts, node)
      if (!(await store.renameNode(id, to, by)))
        throw new ApiFault('name-in-use', `A node named ${to} is there already; archived ones keep their names too.`)
      const connection = registry.of(id)
      if (connection) connection.node = { ...connection.node, name: to }
      return afterWrite(parts, to)
    },
    async approveNode({ node }, { by }) {
      await store.approveNode((await findLivingNode(parts, node)).id, by)
      return afterWrite(parts, node)
    },
    async archiveNode({ node }, { by }) {
      const { id } = await findKnownNode(parts, node)
      await store.archiveNode(id, by)
      registry.turnAway(id, 'this node is archived')
      return afterWrite(parts, node)
    },
    async restoreNode({ node }, { by }) {
      await store.restoreNode((await findKnownNode(parts, node)).id, by)
      return afterWrite(parts, node)
    },
    async listArchivedNodes() {
      const nodes = await store.listArchived()
      return nodes.map(({ name, cluster, createdAt, archivedAt }) => ({ name, cluster, createdAt, archivedAt }))
    },
  }
}
