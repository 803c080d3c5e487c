import type { Database } from 'better-sqlite3'
import type { ResourceId } from '../../../protocol/catalog.ts'
import type { ResourceEvent, Run } from '../../../protocol/events.ts'
import type { StoredRun } from '../../../protocol/views.ts'
import type { ObservedStore } from '../store.ts'
import { fromJson } from './json.ts'
import { createMarkRun } from './run-marks.ts'

export interface RunRow {
  seq: number
  id: string
  name: string
  mode: Run['mode']
  trigger: Run['trigger']
  orders: string | null
  catalog: Buffer | null
  started_at: number
  finished_at: number
  received_at: number
  outcome: Run['outcome']
  unchanged: number
  changed: number
  would_change: number
  unknown: number
  failed: number
  skipped: number
  deferred: number
  owed: string | null
  orphans: string | null
  waits: string | null
  plan: Buffer | null
  reboot: string | null
  error: string | null
  drift: number
}

export const runColumns = 'runs.*, nodes.name from runs join nodes on nodes.id = runs.node'

/** Lists that are empty in most runs are null: a run in which nothing changed is one small row. */
function listToJson(list: string[]) {
  return list.length === 0 ? null : JSON.stringify(list)
}

export function listFromJson(text: string | null) {
  return text === null ? [] : fromJson<string[]>(text)
}

function recordToJson(record: Record<string, unknown>) {
  return Object.keys(record).length === 0 ? null : JSON.stringify(record)
}

/** Half the size of the hash in hex. */
export function hashToBytes(hash: string | null) {
  return hash === null ? null : Buffer.from(hash, 'hex')
}

export function createRunWriter(database: Database) {
  const insertRun = database.prepare(
    `insert into runs (id, node, mode, trigger, orders, catalog, started_at, finished_at, received_at, outcome,
       unchanged, changed, would_change, unknown, failed, skipped, deferred, owed, waits, orphans, plan, reboot, error, drift)
     values (:id, :node, :mode, :trigger, :orders, :catalog, :startedAt, :finishedAt, :receivedAt, :outcome,
       :unchanged, :changed, :wouldChange, :unknown, :failed, :skipped, :deferred, :owed, :waits, :orphans, :plan, :reboot, :error, :drift)`,
  )
  const insertEvent = database.prepare(
    'insert into events (run, position, resource, outcome, event) values (?, ?, ?, ?, ?)',
  )
  const mark = createMarkRun(database)
  return (node: string, run: Run, events: ResourceEvent[], receivedAt: number) => {
    const {
      counts,
      orders,
      catalog,
      owed,
      waits = {},
      orphans = [],
      plan = null,
      reboot = null,
      error = null,
      ...rest
    } = run
    const lists = { orders: listToJson(orders), owed: listToJson(owed), orphans: listToJson(orphans) }
    const hashes = { catalog: hashToBytes(catalog), plan: hashToBytes(plan) }
    const noteworthy = events.filter(({ outcome }) => outcome !== 'unchanged')
    const drift = noteworthy.filter((event) => 'cause' in event && event.cause === 'drift').length
    const told = { waits: recordToJson(waits), reboot, error, drift }
    const seq = insertRun.run({ ...rest, ...counts, ...lists, ...hashes, ...told, node, receivedAt }).lastInsertRowid
    for (const [position, event] of noteworthy.entries())
      insertEvent.run(seq, position, event.id, event.outcome, JSON.stringify(event))
    mark(seq, run, noteworthy)
    return seq
  }
}

type RunReader = Pick<ObservedStore, 'findRunsByPrefix' | 'readEvents'>

export function createRunReader(database: Database): RunReader {
  const byPrefix = database.prepare<{ from: string; to: string; clusters: string | null }, RunRow>(
    `select ${runColumns} where runs.id >= :from and runs.id < :to
       and (:clusters is null or nodes.cluster in (select value from json_each(:clusters)))
     order by runs.id limit 2`,
  )
  const events = database.prepare<[string], { event: string }>(
    'select event from events join runs on runs.seq = events.run where runs.id = ? order by position',
  )
  return {
    async findRunsByPrefix(prefix, clusters = 'all') {
      const within = clusters === 'all' ? null : JSON.stringify(clusters)
      // '~' sorts after every character of a UUID.
      return byPrefix.all({ from: prefix, to: `${prefix}~`, clusters: within }).map(storedRunOf)
    },
    readEvents: async (runId) => events.all(runId).map(({ event }) => fromJson<ResourceEvent>(event)),
  }
}

export function storedRunOf(row: RunRow): StoredRun {
  const { unchanged, changed, unknown, failed, skipped, deferred } = row
  return {
    id: row.id,
    node: row.name,
    mode: row.mode,
    trigger: row.trigger,
    orders: listFromJson(row.orders),
    catalog: row.catalog?.toString('hex') ?? null,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    receivedAt: row.received_at,
    outcome: row.outcome,
    counts: { unchanged, changed, wouldChange: row.would_change, unknown, failed, skipped, deferred },
    owed: listFromJson(row.owed),
    ...(row.waits === null ? {} : { waits: fromJson<Record<ResourceId, string>>(row.waits) }),
    ...(row.orphans === null ? {} : { orphans: fromJson<ResourceId[]>(row.orphans) }),
    ...(row.plan === null ? {} : { plan: row.plan.toString('hex') }),
    ...(row.reboot === null ? {} : { reboot: row.reboot }),
    ...(row.error === null ? {} : { error: row.error }),
    ...(row.drift === 0 ? {} : { drift: row.drift }),
  }
}
