import type { Database } from 'better-sqlite3'
import type { AuditFilter, AuditRow, By, WhoStore } from '../who.ts'
import { fromJson } from './json.ts'

interface AuditEntry {
  action: string
  subject: string
  /** Where the write is of one. */
  cluster?: string | undefined
  before?: unknown
  after?: unknown
}

/** Writes the audit row of a change, in the transaction of the change. */
export type Audit = (by: By, entry: AuditEntry) => void

export function createAudit(database: Database): Audit {
  const insert = database.prepare(
    `insert into audit (at, author, token, "from", action, subject, cluster, before, after)
     values (:at, :author, :token, :from, :action, :subject, :cluster, :before, :after)`,
  )
  return ({ at, author, token = null, from = null }, { action, subject, cluster = null, before, after }) => {
    const values = { before: toJson(before), after: toJson(after) }
    insert.run({ at, author, token, from, action, subject, cluster, ...values })
  }
}

type Row = Omit<AuditRow, 'before' | 'after'> & { before: string | null; after: string | null }

export function createAuditReader(database: Database): Pick<WhoStore, 'findAudit'> {
  return {
    async findAudit(filter) {
      const given = { ...filter, clusters: JSON.stringify(filter.clusters), text: likeOf(filter.text) }
      const rows = database.prepare<typeof given, Row>(query(filter)).all(given)
      return rows.map((row) => ({ ...row, before: valueOf(row.before), after: valueOf(row.after) }))
    },
  }
}

function query({ author, action, subject, text, from, to, clusters = 'all', sort = '-id', after }: AuditFilter) {
  const where = [
    author !== undefined && 'author = :author',
    action !== undefined && 'action = :action',
    subject !== undefined && 'subject = :subject',
    text !== undefined &&
      `(subject like :text escape '\\' or action like :text escape '\\'
        or before like :text escape '\\' or after like :text escape '\\'
        or token like :text escape '\\' or "from" like :text escape '\\')`,
    from !== undefined && 'at >= :from',
    to !== undefined && 'at < :to',
    clusters !== 'all' && 'cluster in (select value from json_each(:clusters))',
    after !== undefined && `id ${sort === 'id' ? '>' : '<'} :after`,
  ].filter((condition) => condition !== false)
  return `select id, at, author, token, "from", action, subject, cluster, before, after from audit
          ${where.length > 0 ? `where ${where.join(' and ')}` : ''} order by id ${sort === 'id' ? 'asc' : 'desc'} limit :limit`
}

function likeOf(text: string | undefined) {
  return text === undefined ? undefined : `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`
}

function toJson(value: unknown) {
  return value === undefined ? null : JSON.stringify(value)
}

function valueOf(text: string | null) {
  return text === null ? null : fromJson<unknown>(text)
}
