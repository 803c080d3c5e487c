import { Readable } from 'node:stream'
import { setImmediate as breathe } from 'node:timers/promises'
import { stringify } from 'csv-stringify/sync'
import type { StoredRun } from '../../protocol/views.ts'
import type { AuditRow } from '../store/who.ts'
import type { ApiParts, Handlers } from './call.ts'
import { ApiFault } from './fault.ts'
import { findNode } from './find.ts'

/** So many are read at once: a million are never in memory, and others are served between. */
const pageSize = 200

export function exportHandlers(parts: ApiParts): Pick<Handlers, 'exportRuns' | 'exportAudit'> {
  const { store } = parts
  const withEvents = async (run: StoredRun) => ({ ...run, events: await store.readEvents(run.id) })
  return {
    async exportRuns({ format, events, ...filter }, caller) {
      if (filter.node !== undefined) await findNode(parts, caller, filter.node)
      if (events && format === 'csv') throw new ApiFault('bad-input', 'events: a row of CSV has no room for them.')
      const pages = pagesOf((page: Page<string>) => store.findRuns({ ...filter, clusters: caller.clusters, ...page }))
      const lines =
        format === 'csv' ? csvOf(pages, runColumns, rowOf) : jsonLinesOf(pages, events ? withEvents : undefined)
      return { type: types[format], body: Readable.from(lines) }
    },
    async exportAudit({ format, ...filter }, { clusters }) {
      const pages = pagesOf((page: Page<number>) => store.findAudit({ ...filter, clusters, ...page }))
      const lines = format === 'csv' ? csvOf(pages, auditColumns, auditRowOf) : jsonLinesOf(pages)
      return { type: types[format], body: Readable.from(lines) }
    },
  }
}

const types = { jsonl: 'application/jsonl; charset=utf-8', csv: 'text/csv; charset=utf-8; header=present' }

interface Page<Id> {
  limit: number
  after: Id | undefined
}

async function* pagesOf<Id, Row extends { id: Id }>(find: (page: Page<Id>) => Promise<Row[]>) {
  let after: Id | undefined
  for (;;) {
    const rows = await find({ limit: pageSize, after })
    if (rows.length > 0) yield rows
    if (rows.length < pageSize) return
    after = rows.at(-1)?.id
    await breathe()
  }
}

async function* jsonLinesOf<Row>(pages: AsyncIterable<Row[]>, fill?: (row: Row) => Promise<unknown>) {
  for await (const rows of pages) {
    const lines = rows.map(async (row) => JSON.stringify(fill ? await fill(row) : row))
    yield `${(await Promise.all(lines)).join('\n')}\n`
  }
}

async function* csvOf<Row>(
  pages: AsyncIterable<Row[]>,
  columns: string[],
  cellsOf: (row: Row) => Record<string, unknown>,
) {
  let header = true
  for await (const rows of pages) {
    yield csv(rows.map(cellsOf), columns, header)
    header = false
  }
  if (header) yield csv([], columns, true)
}

/** Formulas are made text: a spreadsheet must not do what the error of some node says. */
function csv(rows: Record<string, unknown>[], columns: string[], header: boolean) {
  return stringify(rows, { header, columns, escape_formulas: true, record_delimiter: 'windows' })
}

const runColumns =
  'id node mode trigger outcome startedAt finishedAt receivedAt unchanged changed wouldChange unknown failed skipped deferred drift orders owed catalog error'.split(
    ' ',
  )
const auditColumns = 'id at author token from cluster action subject before after'.split(' ')

function auditRowOf({ at, before, after, ...row }: AuditRow) {
  return { ...row, at: new Date(at).toISOString(), before: jsonOf(before), after: jsonOf(after) }
}

function jsonOf(value: unknown) {
  return value === null || value === undefined ? '' : JSON.stringify(value)
}

function rowOf({ counts, orders, owed, startedAt, finishedAt, receivedAt, drift = 0, ...run }: StoredRun) {
  return {
    ...run,
    ...counts,
    drift,
    startedAt: new Date(startedAt).toISOString(),
    finishedAt: new Date(finishedAt).toISOString(),
    receivedAt: new Date(receivedAt).toISOString(),
    orders: orders.join(' '),
    owed: owed.join('; '),
  }
}
