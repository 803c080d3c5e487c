import type { Database } from 'better-sqlite3'
import type { Stance } from '../../../protocol/views.ts'
import type { DesiredStore, FleetNode, StanceKind } from '../store.ts'
import type { DesiredParts } from './nodes.ts'

interface StanceRow {
  kind: StanceKind
  reason: string
  author: string
  at: number
  until: number | null
}

const columns = 'kind, reason, author, at, until'
const actions = {
  audit: { taken: 'audit', ended: 'enforce' },
  disabled: { taken: 'disable', ended: 'enable' },
} as const

export function createStances({ database, write, audit, written }: DesiredParts): Pick<DesiredStore, 'setStance'> {
  const node = database.prepare<[string], { name: string; cluster: string }>(
    'select name, cluster from nodes where id = ? and revoked_at is null',
  )
  const select = database.prepare<[string, StanceKind], StanceRow>(
    `select ${columns} from stances where node = ? and kind = ?`,
  )
  const upsert = database.prepare(
    `insert into stances (node, kind, reason, author, at, until) values (?, ?, ?, ?, ?, ?) on conflict do update
     set reason = excluded.reason, author = excluded.author, at = excluded.at, until = excluded.until`,
  )
  const remove = database.prepare('delete from stances where node = ? and kind = ?')
  return {
    setStance: (nodeId, kind, stance, by) =>
      write(() => {
        const of = node.get(nodeId)
        if (!of) throw new Error(`No living node has the id ${nodeId}.`)
        const row = select.get(nodeId, kind)
        const before = row && stanceOf(row)
        if (stance) upsert.run(nodeId, kind, stance.reason, by.author, by.at, stance.until ?? null)
        else if (before) remove.run(nodeId, kind)
        else return
        written.bump({ scope: 'node', subject: nodeId })
        const action = actions[kind][stance ? 'taken' : 'ended']
        audit(by, { action, subject: of.name, cluster: of.cluster, before, after: stance })
      }),
  }
}

function stanceOf({ reason, author, at, until }: StanceRow): Stance {
  return { reason, by: author, at, ...(until === null ? {} : { until }) }
}

export function createStanceReader(database: Database) {
  const all = database.prepare<[], StanceRow & { node: string }>(`select node, ${columns} from stances`)
  return (byId: Map<string, FleetNode>) => {
    for (const { node, ...row } of all.all()) {
      const of = byId.get(node)
      if (of) of[row.kind] = stanceOf(row)
    }
  }
}
