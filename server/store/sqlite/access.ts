import type { Database } from 'better-sqlite3'
import type { AccessStore, JoinToken } from '../store.ts'
import type { Audit } from './audit.ts'
import type { Write } from './commits.ts'
import { fromJson } from './json.ts'

interface TokenRow {
  id: string
  secret_hash: Buffer
  uses_left: number
  expires_at: number
  roles: string
  cluster: string
  names: string
  author: string
  approval: number
}

export function createMeta(database: Database) {
  const select = database.prepare<[string], { value: string }>('select value from meta where key = ?')
  const upsert = database.prepare(
    'insert into meta (key, value) values (?, ?) on conflict do update set value = excluded.value',
  )
  return {
    read: (key: string) => select.get(key)?.value,
    write: (key: string, value: string) => void upsert.run(key, value),
  }
}
export type Meta = ReturnType<typeof createMeta>

export function createAccess(database: Database, write: Write, audit: Audit, meta: Meta): AccessStore {
  return { ...authority(write, meta), ...tokens(database, write, audit) }
}

function authority(write: Write, meta: Meta): Pick<AccessStore, 'readAuthority' | 'keepAuthority'> {
  return {
    async readAuthority() {
      const [certificate, key] = [meta.read('ca-certificate'), meta.read('ca-key')]
      return certificate && key ? { certificate, key } : undefined
    },
    keepAuthority: ({ certificate, key }) =>
      write(() => {
        meta.write('ca-certificate', certificate)
        meta.write('ca-key', key)
      }),
  }
}

function tokens(database: Database, write: Write, audit: Audit) {
  const insert = database.prepare(
    'insert into join_tokens (id, secret_hash, uses_left, expires_at, roles, cluster, names, author, approval) values (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const select = database.prepare<[string], TokenRow>('select * from join_tokens where id = ?')
  const usable = database.prepare<[number], TokenRow>(
    'select * from join_tokens where uses_left > 0 and expires_at > ? order by expires_at, id',
  )
  const remove = database.prepare('delete from join_tokens where id = ?')
  return {
    createToken: ({ secretHash, ...token }, by) =>
      write(() => {
        const { id, usesLeft, expiresAt, roles, cluster, names, author, approval } = token
        insert.run(id, secretHash, usesLeft, expiresAt, JSON.stringify(roles), cluster, names, author, Number(approval))
        audit(by, { action: 'create-token', subject: id, cluster, after: token })
      }),
    async findToken(id) {
      const row = select.get(id)
      return row && tokenOf(row)
    },
    listTokens: async (now) => usable.all(now).map(tokenOf),
    deleteToken: (id, by) =>
      write(() => {
        const row = select.get(id)
        if (!row) return false
        remove.run(id)
        const { secretHash: _, ...before } = tokenOf(row)
        audit(by, { action: 'delete-token', subject: id, cluster: before.cluster, before })
        return true
      }),
  } satisfies Partial<AccessStore>
}

function tokenOf(row: TokenRow): JoinToken {
  return {
    id: row.id,
    secretHash: row.secret_hash,
    usesLeft: row.uses_left,
    expiresAt: row.expires_at,
    roles: fromJson<string[]>(row.roles),
    cluster: row.cluster,
    names: row.names,
    author: row.author,
    approval: row.approval === 1,
  }
}
