import type { Database } from 'better-sqlite3'
import type { Access } from '../../../protocol/views.ts'
import type { AccessStore, AuditRow, By, JoinToken } from '../store.ts'
import type { Write } from './commits.ts'
import { fromJson } from './json.ts'

interface AuditEntry {
  action: string
  subject: string
  before?: unknown
  after?: unknown
}

/** Writes the audit row of a change, in the transaction of the change. */
export type Audit = (by: By, entry: AuditEntry) => void

export function createAudit(database: Database): Audit {
  const insert = database.prepare(
    'insert into audit (at, author, action, subject, before, after) values (?, ?, ?, ?, ?, ?)',
  )
  return ({ at, author }, { action, subject, before, after }) => {
    insert.run(at, author, action, subject, toJson(before), toJson(after))
  }
}

function toJson(value: unknown) {
  return value === undefined ? null : JSON.stringify(value)
}

function valueOf(text: string | null) {
  return text === null ? null : fromJson<unknown>(text)
}

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
  return { ...authority(write, meta), ...operators(database, write, audit), ...tokens(database, write, audit) }
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

function operators(database: Database, write: Write, audit: Audit) {
  const insert = database.prepare(
    'insert into operators (id, name, access, secret_hash, created_at) values (?, ?, ?, ?, ?)',
  )
  const select = database.prepare<[string], { id: string; name: string; access: Access; secret_hash: Buffer }>(
    'select * from operators where id = ?',
  )
  const count = database.prepare<[], { n: number }>('select count(*) as n from operators')
  return {
    createOperator: ({ id, name, access, secretHash }, by) =>
      write(() => {
        insert.run(id, name, access, secretHash, by.at)
        audit(by, { action: 'create-operator', subject: name, after: { id, access } })
      }),
    async findOperator(id) {
      const row = select.get(id)
      return row && { id: row.id, name: row.name, access: row.access, secretHash: row.secret_hash }
    },
    countOperators: async () => count.get()?.n ?? 0,
  } satisfies Partial<AccessStore>
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
        audit(by, { action: 'create-token', subject: id, after: token })
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
        audit(by, { action: 'delete-token', subject: id, before })
        return true
      }),
    listAudit: auditReader(database),
  } satisfies Partial<AccessStore>
}

type StoredAudit = Omit<AuditRow, 'before' | 'after'> & { before: string | null; after: string | null }

function auditReader(database: Database): AccessStore['listAudit'] {
  const reading = (rest: string) =>
    database.prepare<{ limit: number; after: number }, StoredAudit>(
      `select id, at, author, action, subject, before, after from audit where id ${rest} limit :limit`,
    )
  const sorted = { '-id': reading('< :after order by id desc'), id: reading('> :after order by id') }
  return async ({ limit, sort = '-id', after = sort === 'id' ? 0 : Number.MAX_SAFE_INTEGER }) =>
    sorted[sort]
      .all({ limit, after })
      .map((row) => ({ ...row, before: valueOf(row.before), after: valueOf(row.after) }))
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
