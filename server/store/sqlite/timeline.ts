import type { Database } from 'better-sqlite3'
import type { OrderMode } from '../../../protocol/views.ts'
import type { TimelineItem } from '../../../protocol/history.ts'
import type { HistoryStore, TimelinePlace, TimelineSort } from '../store.ts'
import { fromJson } from './json.ts'
import { runColumns, type RunRow, storedRunOf } from './runs.ts'
import { targetColumns, targetOf, type TargetRow } from './targets.ts'

interface WriteRow {
  id: number
  at: number
  author: string
  action: string
  subject: string
  before: string | null
  after: string | null
}

type OrderRow = TargetRow & { mode: OrderMode; author: string; created_at: number }

interface Bound {
  id: string
  name: string
  cluster: string
  limit: number
  /** The place after which to go on. */
  at: number
  key: string | number
}

/** Newest first, runs of one time come before orders, and orders before writes; oldest first all is the other way round. */
const types: TimelineItem['type'][] = ['run', 'order', 'write']
type Placed = TimelinePlace & { item: TimelineItem }

/** Three lists, each in the order of its own index, merged to one. */
export function createTimeline(database: Database): Pick<HistoryStore, 'readTimeline'> {
  const readers = { '-at': readersOf(database, '-at'), at: readersOf(database, 'at') }
  return {
    async readTimeline({ id, name, cluster }, { limit, sort, after = starts[sort] }) {
      const placed = types.flatMap((type): Placed[] =>
        readers[sort][type]({ id, name, cluster, limit, ...startOf(type, after) }),
      )
      const sign = sort === '-at' ? 1 : -1
      return placed.toSorted((a, b) => sign * inOrder(a, b)).slice(0, limit)
    },
  }
}

function readersOf(database: Database, sort: TimelineSort) {
  const way: Way = sort === '-at' ? { beyond: '<', order: 'desc' } : { beyond: '>', order: 'asc' }
  return { run: runReader(database, way), order: orderReader(database, way), write: writeReader(database, way) }
}

interface Way {
  /** How what comes after a place compares with it. */
  beyond: '<' | '>'
  order: 'asc' | 'desc'
}

/** Below every key, whether that is a number or a text. */
const lowest = Number.MIN_SAFE_INTEGER

/** Before all that is there. */
const starts: Record<TimelineSort, TimelinePlace> = {
  '-at': { at: Number.MAX_SAFE_INTEGER, type: 'run', key: lowest },
  at: { at: -1, type: 'run', key: lowest },
}

/** Where a list goes on: after the key in that time, or with all or nothing of it where another list had the last item. */
function startOf(type: TimelineItem['type'], after: TimelinePlace): Pick<Bound, 'at' | 'key'> {
  if (type === after.type) return { at: after.at, key: after.key }
  // To both sides of this place is what types before it have of that time, newest first, and what those after it have not yet told.
  const isBelow = types.indexOf(type) > types.indexOf(after.type)
  return { at: isBelow ? after.at + 1 : after.at, key: lowest }
}

function inOrder(a: Placed, b: Placed) {
  return b.at - a.at || types.indexOf(a.type) - types.indexOf(b.type) || (a.key < b.key ? 1 : -1)
}

function runReader(database: Database, { beyond, order }: Way) {
  const select = database.prepare<Bound, RunRow>(
    `select ${runColumns} where runs.node = :id and (runs.finished_at, runs.seq) ${beyond} (:at, :key)
     order by runs.finished_at ${order}, runs.seq ${order} limit :limit`,
  )
  return (bound: Bound): Placed[] =>
    select.all(bound).map((row) => {
      const run = storedRunOf(row)
      return { type: 'run', at: run.finishedAt, key: row.seq, item: { type: 'run', at: run.finishedAt, run } }
    })
}

function orderReader(database: Database, { beyond, order }: Way) {
  const select = database.prepare<Bound, OrderRow>(
    `select orders.mode, orders.author, orders.created_at, ${targetColumns} join orders on orders.id = targets.order_id
     where targets.node = :id and (orders.created_at, orders.id) ${beyond} (:at, :key)
     order by orders.created_at ${order}, orders.id ${order} limit :limit`,
  )
  return (bound: Bound): Placed[] =>
    select.all(bound).map((row) => {
      const { order_id: id, mode, author, created_at: at } = row
      return {
        type: 'order',
        at,
        key: id,
        item: { type: 'order', at, order: { id, mode, author }, target: targetOf(row) },
      }
    })
}

/**
 * Writes about the node itself, and those of its attributes: `node web-1: zookeeper.tickTime`. Only those of its cluster: a user, a webhook
 * or a node that was revoked in another cluster may have had the same name.
 */
function writeReader(database: Database, { beyond, order }: Way) {
  const select = database.prepare<Bound, WriteRow>(
    `select id, at, author, action, subject, before, after from audit
     where (subject = :name or (subject >= 'node ' || :name || ': ' and subject < 'node ' || :name || ';'))
       and cluster = :cluster and (at, id) ${beyond} (:at, :key)
     order by at ${order}, id ${order} limit :limit`,
  )
  return (bound: Bound): Placed[] =>
    select.all(bound).map(({ id, at, before, after, ...told }) => {
      const values = { before: valueOf(before), after: valueOf(after) }
      return { type: 'write', at, key: id, item: { type: 'write', at, ...told, ...values } }
    })
}

function valueOf(text: string | null) {
  return text === null ? null : fromJson<unknown>(text)
}
