import type { By, DesiredStore, Node } from '../store.ts'
import type { DesiredParts } from './nodes.ts'

/** To be called inside a transaction. */
export type Assign = (node: Pick<Node, 'id' | 'cluster'>, roles: string[], by: By) => void

export function createAssign({ database }: Pick<DesiredParts, 'database'>): Assign {
  const append = database.prepare(
    `insert into assignments (node, role, position, author, at)
     values (:node, :role, (select coalesce(max(position), 0) + 1 from assignments where node = :node), :author, :at)
     on conflict do nothing`,
  )
  const has = database.prepare('select 1 from ordinals where cluster = ? and role = ? and node = ?')
  const taken = database.prepare<[string, string], { ordinal: number }>(
    'select ordinal from ordinals where cluster = ? and role = ? order by ordinal',
  )
  const give = database.prepare('insert into ordinals (cluster, role, ordinal, node) values (?, ?, ?, ?)')
  return ({ id, cluster }, roles, by) => {
    for (const role of roles) {
      append.run({ node: id, role, ...by })
      if (has.get(cluster, role, id)) continue
      give.run(cluster, role, lowestUnused(taken.all(cluster, role).map(({ ordinal }) => ordinal)), id)
    }
  }
}

function lowestUnused(sorted: number[]) {
  const gap = sorted.findIndex((ordinal, index) => ordinal !== index + 1)
  return (gap === -1 ? sorted.length : gap) + 1
}

interface Change {
  nodeId: string
  by: By
  ifRevision: number | undefined
  action: string
}

export function createAssignments(parts: DesiredParts & { assign: Assign }): Pick<DesiredStore, 'assign' | 'unassign'> {
  const { database, write, audit, written, assign } = parts
  const node = database.prepare<[string], { id: string; name: string; cluster: string }>(
    'select id, name, cluster from nodes where id = ? and revoked_at is null',
  )
  const roles = database.prepare<[string], { role: string }>(
    'select role from assignments where node = ? order by position',
  )
  const remove = database.prepare('delete from assignments where node = ? and role = ?')

  function change({ nodeId, by, ifRevision, action }: Change, make: (of: Pick<Node, 'id' | 'cluster'>) => void) {
    return write(() => {
      const of = node.get(nodeId)
      if (!of) throw new Error(`No living node has the id ${nodeId}.`)
      written.requireRevision({ scope: 'node', subject: nodeId }, ifRevision)
      const rolesNow = () => roles.all(nodeId).map(({ role }) => role)
      const before = rolesNow()
      make(of)
      const after = rolesNow()
      if (after.length === before.length) return
      written.bump({ scope: 'node', subject: nodeId })
      audit(by, { action, subject: of.name, cluster: of.cluster, before, after })
    })
  }

  return {
    assign: (nodeId, given, by, ifRevision) =>
      change({ nodeId, by, ifRevision, action: 'assign' }, (of) => assign(of, given, by)),
    unassign: (nodeId, given, by, ifRevision) =>
      change({ nodeId, by, ifRevision, action: 'unassign' }, () => {
        for (const role of given) remove.run(nodeId, role)
      }),
  }
}
