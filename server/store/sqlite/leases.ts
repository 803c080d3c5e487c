import type { Database } from 'better-sqlite3'
import type { Lease, LeaseStore } from '../store.ts'
import type { Meta } from './access.ts'
import type { Audit } from './audit.ts'
import type { Write } from './commits.ts'

const columns = 'cluster, "group", node, fence, action, granted_at as grantedAt, expires_at as expiresAt'

interface LeaseParts {
  database: Database
  write: Write
  audit: Audit
  meta: Meta
}

export function createLeases(parts: LeaseParts): LeaseStore {
  const { database, write } = parts
  const all = database.prepare<[], Lease>(`select ${columns} from leases order by fence`)
  const renew = database.prepare(
    'update leases set expires_at = :expiresAt where node = :node and "group" = :group and fence = :fence',
  )
  return {
    readLeases: async () => all.all(),
    grantLease: granting(parts),
    renewLeases: (leases, expiresAt) =>
      write(() => {
        for (const { node, group, fence } of leases) renew.run({ node, group, fence, expiresAt })
      }),
    endLease: ending(parts),
  }
}

/** The number is counted up in the transaction that stores the lease, so that no two ever have the same. */
function granting({ database, write, meta }: LeaseParts): LeaseStore['grantLease'] {
  const living = database.prepare('select 1 from nodes where id = ? and revoked_at is null')
  const upsert = database.prepare(
    `insert into leases (cluster, "group", node, fence, action, granted_at, expires_at)
     values (:cluster, :group, :node, :fence, :action, :grantedAt, :expiresAt)
     on conflict do update set fence = excluded.fence, action = excluded.action,
       granted_at = excluded.granted_at, expires_at = excluded.expires_at`,
  )
  return (lease) =>
    write(() => {
      if (!living.get(lease.node)) return undefined
      const fence = Number(meta.read('fence') ?? 0) + 1
      meta.write('fence', String(fence))
      upsert.run({ ...lease, fence })
      return { ...lease, fence }
    })
}

function ending({ database, write, audit }: LeaseParts): LeaseStore['endLease'] {
  const remove = database.prepare<[string, string, number], Lease>(
    `delete from leases where node = ? and "group" = ? and fence = ? returning ${columns}`,
  )
  const nameOf = database.prepare<[string], { name: string }>('select name from nodes where id = ?')
  return ({ node, group, fence }, ended) =>
    write(() => {
      const before = remove.get(node, group, fence)
      if (!before) return false
      const subject = `${group} of ${nameOf.get(node)?.name ?? node}`
      if (ended) audit(ended.by, { action: ended.action, subject, cluster: before.cluster, before })
      return true
    })
}
