import type { Database } from 'better-sqlite3'
import type { Counts, Run, RunOutcome } from '../../../protocol/events.ts'
import { openStates, type Order, type Target, type TargetState } from '../../../protocol/views.ts'
import type { OpenTarget, OrderStore, Turn } from '../orders.ts'
import type { Audit } from './audit.ts'
import type { Write } from './commits.ts'
import { fromJson } from './json.ts'
import { planOf, upgradeOf } from './order-columns.ts'
import { createOrderLists } from './order-lists.ts'
import { hashToBytes } from './runs.ts'

export interface TargetRow {
  order_id: string
  node: string
  name: string
  state: TargetState
  reason: string | null
  run: string | null
  outcome: RunOutcome | null
  counts: string | null
  plan: Buffer | null
  at: number
}

interface OrderRow extends Omit<Order, 'targets' | 'plan' | 'upgrade' | 'again'> {
  plan: Buffer | null
  upgrade: string | null
  again: string | null
}

export const targetColumns = `targets.*, nodes.name, runs.plan from targets join nodes on nodes.id = targets.node
  left join runs on runs.id = targets.run`
const open = `state in (${openStates.map((state) => `'${state}'`).join(', ')})`

/** Gives a run's orders their final states. To be called in the transaction that stores the run. */
export type FinishTargets = (nodeId: string, run: Run, at: number) => Turn[]

export function createFinishTargets(database: Database): FinishTargets {
  const finish = database.prepare(
    `update targets set state = :state, reason = :reason, run = :run, outcome = :outcome, counts = :counts, at = :at
     where order_id = :order and node = :node and ${open}
       and (select mode from orders where id = :order) = :mode`,
  )
  const read = targetReader(database)
  return (node, run, at) =>
    run.orders.flatMap((order) => {
      const { outcome, mode, error: reason = null } = run
      const counts = JSON.stringify(run.counts)
      const to = { order, node, mode, state: stateAfter(run), reason, run: run.id, outcome, counts, at }
      const turn = finish.run(to).changes === 1 && read(order, node)
      return turn ? [turn] : []
    })
}

/** What a target becomes by the report of the run that answered it. */
function stateAfter({ outcome }: Run): TargetState {
  return outcome === 'failed' || outcome === 'interrupted' ? 'failed' : 'converged'
}

function targetReader(database: Database) {
  const select = database.prepare<[string, string], TargetRow>(
    `select ${targetColumns} where targets.order_id = ? and targets.node = ?`,
  )
  return (order: string, node: string): Turn | undefined => {
    const row = select.get(order, node)
    return row && { order, node, target: targetOf(row) }
  }
}

export function targetOf({ name, state, reason, run, outcome, counts, plan, at }: TargetRow): Target {
  return {
    node: name,
    state,
    reason,
    run,
    outcome,
    counts: counts === null ? null : fromJson<Counts>(counts),
    ...planOf(plan),
    at,
  }
}

export function createOrders(database: Database, write: Write, audit: Audit): OrderStore {
  return {
    ...making(database, write, audit),
    ...reading(database),
    ...createOrderLists(database),
    ...turning(database, write, audit),
  }
}

function making(database: Database, write: Write, audit: Audit): Pick<OrderStore, 'createOrder'> {
  const insertOrder = database.prepare(
    `insert into orders (id, mode, plan, upgrade, again, author, created_at, deadline, idempotency_key, asked)
     values (:id, :mode, :plan, :upgrade, :again, :author, :createdAt, :deadline, :key, :asked)
     on conflict (author, idempotency_key) where idempotency_key is not null do nothing`,
  )
  const insertTarget = database.prepare(
    'insert into targets (order_id, node, position, state, reason, at) values (?, ?, ?, ?, ?, ?)',
  )
  const clusterOf = clusterReader(database)
  return {
    createOrder: (order, targets, by, once) =>
      write(() => {
        const { plan, upgrade, again, mode } = order
        const hashes = { plan: hashToBytes(plan ?? null), asked: hashToBytes(once?.asked ?? null) }
        const made = insertOrder.run({
          ...order,
          upgrade: upgrade ? JSON.stringify(upgrade) : null,
          again: again ?? null,
          key: once?.key ?? null,
          ...hashes,
        })
        if (made.changes === 0) return false
        for (const [position, { node, state, reason = null }] of targets.entries())
          insertTarget.run(order.id, node, position, state, reason, order.createdAt)
        const after = { mode, plan, upgrade, again, targets: targets.length }
        audit(by, { action: 'create-order', subject: order.id, cluster: clusterOf(order.id), after })
        return true
      }),
  }
}

/** The cluster of all targets of an order, where they are of one. */
function clusterReader(database: Database) {
  const select = database.prepare<[string], { cluster: string }>(
    'select distinct cluster from targets join nodes on nodes.id = targets.node where order_id = ? limit 2',
  )
  return (order: string) => {
    const [only, second] = select.all(order)
    return second ? undefined : only?.cluster
  }
}

function reading(database: Database): Pick<OrderStore, 'readOrder' | 'openTargets'> {
  const one = database.prepare<[string], OrderRow>(
    'select id, mode, plan, upgrade, again, author, created_at as createdAt, deadline from orders where id = ?',
  )
  const targets = database.prepare<[string], TargetRow>(`select ${targetColumns} where order_id = ? order by position`)
  const targetsIn = database.prepare<[string, string], TargetRow>(
    `select ${targetColumns} where order_id = ? and nodes.cluster in (select value from json_each(?)) order by position`,
  )
  const opened = database.prepare<
    { node: string | null },
    Omit<OpenTarget, 'plan' | 'upgrade'> & { plan: Buffer | null; upgrade: string | null }
  >(
    `select order_id as "order", node, state, orders.mode, orders.plan, orders.upgrade, orders.created_at as createdAt, orders.deadline
     from targets join orders on orders.id = targets.order_id
     where ${open} and (:node is null or node = :node) order by orders.created_at, orders.id, position`,
  )
  return {
    async readOrder(id, clusters = 'all') {
      const found = one.get(id)
      if (!found) return undefined
      const rows = clusters === 'all' ? targets.all(id) : targetsIn.all(id, JSON.stringify(clusters))
      if (clusters !== 'all' && rows.length === 0) return undefined
      const { plan, upgrade, again, ...order } = found
      return { ...order, ...planOf(plan), ...upgradeOf(upgrade), ...(again && { again }), targets: rows.map(targetOf) }
    },
    openTargets: async (node) =>
      opened
        .all({ node: node ?? null })
        .map(({ plan, upgrade, ...target }) => ({ ...target, ...planOf(plan), ...upgradeOf(upgrade) })),
  }
}

function turning(database: Database, write: Write, audit: Audit): Pick<OrderStore, 'turnTarget' | 'cancelOrder'> {
  const turn = database.prepare(
    `update targets set state = :state, reason = :reason, run = coalesce(:run, run), at = :at
     where order_id = :order and node = :node and state in (select value from json_each(:from))`,
  )
  const openNodes = database.prepare<[string], { node: string }>(
    `select node from targets where order_id = ? and ${open} order by position`,
  )
  const read = targetReader(database)
  const clusterOf = clusterReader(database)
  const apply: (...given: Parameters<OrderStore['turnTarget']>) => Turn | undefined = (order, node, from, to) => {
    const { state, reason = null, run = null, at } = to
    const changed = turn.run({ order, node, from: JSON.stringify(from), state, reason, run, at }).changes === 1
    return changed ? read(order, node) : undefined
  }
  return {
    turnTarget: (...given) => write(() => apply(...given)),
    cancelOrder: (id, by) =>
      write(() => {
        const reason = `cancelled by ${by.author}`
        const nodes = openNodes.all(id).map(({ node }) => node)
        const turns = nodes.map((node) => apply(id, node, openStates, { state: 'cancelled', reason, at: by.at }))
        const after = { targets: nodes.length }
        if (nodes.length > 0) audit(by, { action: 'cancel-order', subject: id, cluster: clusterOf(id), after })
        return turns.filter((found) => found !== undefined)
      }),
  }
}
