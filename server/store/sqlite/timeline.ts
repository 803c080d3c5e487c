import type { Database } from 'better-sqlite3'
import type { RunMode } from '../../../protocol/events.ts'
import type { TimelineItem } from '../../../protocol/history.ts'
import type { HistoryStore, TimelinePlace } from '../store.ts'
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

type OrderRow = TargetRow & { mode: RunMode; author: string; created_at: number }

interface Bound {
  id: string
  name: string
  cluster: string
  limit: number
  /** The place after which to go on. */
  at: number
  key: string | number
}

/** Of one time, runs come before orders, and orders before writes. */
const types: TimelineItem['type'][] = ['run', 'order', 'write']
type Placed = TimelinePlace & { item: TimelineItem }

/** Three lists, each in the order of its own index, merged to one. */
export function createTimeline(database: Database): Pick<HistoryStore, 'readTimeline'> {
  const read = { run: runReader(database), order: orderReader(database), write: writeReader(database) }
  return {
    async readTimeline({ id, name, cluster }, limit, after) {
      const placed = types.flatMap((type): Placed[] =>
        read[type]({ id, name, cluster, limit, ...startOf(type, after) }),
      )
      return placed.toSorted(inOrder).slice(0, limit)
    },
  }
}

/** Where a list goes on: after the key in that time, or with all or nothing of it where another list had the last item. */
function startOf(type: TimelineItem['type'], after: TimelinePlace | undefined): Pick<Bound, 'at' | 'key'> {
  if (!after) return { at: Number.MAX_SAFE_INTEGER, key: '' }
  if (type === after.type) return { at: after.at, key: after.key }
  const isLater = types.indexOf(type) > types.indexOf(after.type)
  return { at: isLater ? after.at + 1 : after.at, key: lowest }
}

/** Below every key, whether that is a number or a text. */
const lowest = Number.MIN_SAFE_INTEGER

function inOrder(a: Placed, b: Placed) {
  return b.at - a.at || types.indexOf(a.type) - types.indexOf(b.type) || (a.key < b.key ? 1 : -1)
}

function runReader(database: Database) {
  const select = database.prepare<Bound, RunRow>(
    `select ${runColumns} where runs.node = :id and (runs.finished_at, runs.seq) < (:at, :key)
     order by runs.finished_at desc, runs.seq desc limit :limit`,
  )
  return (bound: Bound): Placed[] =>
    select.all(bound).map((row) => {
      const run = storedRunOf(row)
      return { type: 'run', at: run.finishedAt, key: row.seq, item: { type: 'run', at: run.finishedAt, run } }
    })
}

function orderReader(database: Database) {
  const select = database.prepare<Bound, OrderRow>(
    `select orders.mode, orders.author, orders.created_at, ${targetColumns} join orders on orders.id = targets.order_id
     where targets.node = :id and (orders.created_at, orders.id) < (:at, :key)
     order by orders.created_at desc, orders.id desc limit :limit`,
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
function writeReader(database: Database) {
  const select = database.prepare<Bound, WriteRow>(
    `select id, at, author, action, subject, before, after from audit
     where (subject = :name or (subject >= 'node ' || :name || ': ' and subject < 'node ' || :name || ';'))
       and cluster = :cluster and (at, id) < (:at, :key)
     order by at desc, id desc limit :limit`,
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
