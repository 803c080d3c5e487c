import { Readable } from 'node:stream'
import { setImmediate as breathe } from 'node:timers/promises'
import { stringify } from 'csv-stringify/sync'
import type { StoredRun } from '../../protocol/views.ts'
import type { RunFilter, Store } from '../store/store.ts'
import type { ApiParts, Handlers } from './call.ts'
import { ApiFault } from './fault.ts'
import { findNode } from './find.ts'

/** So many are read at once: a million are never in memory, and others are served between. */
const pageSize = 200

export function exportHandlers(parts: ApiParts): Pick<Handlers, 'exportRuns'> {
  const { store } = parts
  return {
    async exportRuns({ format, events, ...filter }, caller) {
      if (filter.node !== undefined) await findNode(parts, caller, filter.node)
      if (events && format === 'csv') throw new ApiFault('bad-input', 'events: a row of CSV has no room for them.')
      const pages = pagesOf(store, { ...filter, clusters: caller.clusters })
      const lines = format === 'csv' ? csvOf(pages) : jsonLinesOf(pages, store, events)
      return { type: types[format], body: Readable.from(lines) }
    },
  }
}

const types = { jsonl: 'application/jsonl; charset=utf-8', csv: 'text/csv; charset=utf-8; header=present' }

async function* pagesOf(store: Store, filter: Omit<RunFilter, 'limit' | 'after'>) {
  let after: string | undefined
  for (;;) {
    const runs = await store.findRuns({ ...filter, limit: pageSize, after })
    if (runs.length > 0) yield runs
    if (runs.length < pageSize) return
    after = runs.at(-1)?.id
    await breathe()
  }
}

async function* jsonLinesOf(pages: AsyncIterable<StoredRun[]>, store: Store, withEvents: boolean) {
  for await (const runs of pages) {
    const lines = runs.map(async (run) =>
      JSON.stringify(withEvents ? { ...run, events: await store.readEvents(run.id) } : run),
    )
    yield `${(await Promise.all(lines)).join('\n')}\n`
  }
}

async function* csvOf(pages: AsyncIterable<StoredRun[]>) {
  let header = true
  for await (const runs of pages) {
    yield csv(runs.map(rowOf), header)
    header = false
  }
  if (header) yield csv([], true)
}

/** Formulas are made text: a spreadsheet must not do what the error of some node says. */
function csv(rows: Record<string, unknown>[], header: boolean) {
  return stringify(rows, { header, columns, escape_formulas: true, record_delimiter: 'windows' })
}

const columns =
  'id node mode trigger outcome startedAt finishedAt receivedAt unchanged changed wouldChange unknown failed skipped deferred drift orders owed catalog error'.split(
    ' ',
  )

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
