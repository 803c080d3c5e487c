import type { By, DesiredStore, Node } from '../store.ts'
import { nodeOf, type DesiredParts, type NodeRow } from './nodes.ts'

type Lifecycle = Pick<DesiredStore, 'renameNode' | 'approveNode' | 'archiveNode' | 'restoreNode' | 'listArchived'>

/** What becomes of a node between its join and its end. */
export function createLifecycle(parts: DesiredParts): Lifecycle {
  const { database, write, audit, written } = parts
  const archived = database.prepare<[], NodeRow>(
    'select * from nodes where archived_at is not null and revoked_at is null order by name',
  )
  const approve = database.prepare<[string], NodeRow>(
    'update nodes set awaits_approval = 0 where id = ? and awaits_approval = 1 and revoked_at is null returning *',
  )
  const restore = database.prepare<[string], NodeRow>(
    'update nodes set archived_at = null where id = ? and archived_at is not null and revoked_at is null returning *',
  )

  /** One row, or nothing was to be done. */
  const turned = (row: NodeRow | undefined, by: By, action: string) => {
    if (!row) return false
    written.bump({ scope: 'node', subject: row.id })
    audit(by, { action, subject: row.name, cluster: row.cluster, after: { id: row.id } })
    return true
  }

  return {
    renameNode: renaming(parts),
    archiveNode: archiving(parts),
    approveNode: (nodeId, by) => write(() => turned(approve.get(nodeId), by, 'approve')),
    restoreNode: (nodeId, by) => write(() => turned(restore.get(nodeId), by, 'restore')),
    listArchived: async () => archived.all().map(nodeOf),
  }
}

function renaming({ database, write, audit, written }: DesiredParts): Lifecycle['renameNode'] {
  const byId = database.prepare<[string], NodeRow>('select * from nodes where id = ? and revoked_at is null')
  const taken = database.prepare<[string], NodeRow>('select * from nodes where name = ? and revoked_at is null')
  const rename = database.prepare('update nodes set name = ? where id = ?')
  return (nodeId: Node['id'], name, by) =>
    write(() => {
      const before = byId.get(nodeId)
      if (!before) throw new Error(`No living node has the id ${nodeId}.`)
      if (before.name === name) return true
      if (taken.get(name)) return false
      rename.run(name, nodeId)
      written.bump({ scope: 'node', subject: nodeId })
      audit(by, { action: 'rename', subject: name, cluster: before.cluster, before: before.name, after: name })
      return true
    })
}

function archiving({ database, write, audit, written }: DesiredParts): Lifecycle['archiveNode'] {
  const archive = database.prepare<[number, string], NodeRow>(
    'update nodes set archived_at = ? where id = ? and archived_at is null and revoked_at is null returning *',
  )
  const freeLeases = database.prepare('delete from leases where node = ?')
  return (nodeId, by) =>
    write(() => {
      const node = archive.get(by.at, nodeId)
      if (!node) return false
      freeLeases.run(nodeId)
      written.bump({ scope: 'node', subject: nodeId })
      audit(by, { action: 'archive', subject: node.name, cluster: node.cluster, after: { id: nodeId } })
      return true
    })
}
