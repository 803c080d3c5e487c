import type { Database } from 'better-sqlite3'
import { openStates, type OrderSummary, type TargetState } from '../../../protocol/views.ts'
import type { OrderFilter, OrderStore } from '../orders.ts'
import { fromJson } from './json.ts'
import { planOf, upgradeOf } from './order-columns.ts'

interface SummaryRow extends Omit<OrderSummary, 'states' | 'plan' | 'upgrade' | 'again'> {
  plan: Buffer | null
  upgrade: string | null
  again: string | null
  states: string
}

/** Counts of targets by state are kept by triggers (004-api.sql), so that no list has to count ten thousand of them. */
export function createOrderLists(
  database: Database,
): Pick<OrderStore, 'listOrders' | 'findOrderByKey' | 'unconverged'> {
  const byKey = database.prepare<[string, string], { id: string; asked: Buffer }>(
    'select id, asked from orders where author = ? and idempotency_key = ?',
  )
  const unconverged = database.prepare<{ order: string; clusters: string | null }, { node: string }>(
    `select node from targets join nodes on nodes.id = node
     where order_id = :order and state not in ('converged', ${openWords}) and revoked_at is null and archived_at is null
       and (:clusters is null or cluster in (select value from json_each(:clusters)))
     order by position`,
  )
  return {
    async findOrderByKey(author, key) {
      const found = byKey.get(author, key)
      return found && { id: found.id, asked: found.asked.toString('hex') }
    },
    unconverged: async (order, clusters = 'all') =>
      unconverged
        .all({ order, clusters: clusters === 'all' ? null : JSON.stringify(clusters) })
        .map(({ node }) => node),
    async listOrders(filter) {
      const { open: _open, after, clusters, ...rest } = filter
      const given = { ...rest, clusters: JSON.stringify(clusters), afterTime: after?.createdAt, afterId: after?.id }
      return database.prepare<typeof given, SummaryRow>(query(filter)).all(given).map(summaryOf)
    },
  }
}

/** Targets of an order: all, as they are counted; or those in some clusters. */
const all = 'order_states where order_id = orders.id and targets > 0'
const theirs = `targets join nodes on nodes.id = targets.node
  where order_id = orders.id and cluster in (select value from json_each(:clusters))`

const kept = `select json_group_object(state, targets) from ${all}`
/** For who does not see all of an order. */
const counted = `select json_group_object(state, targets) from
  (select state, count(*) as targets from ${theirs} group by state)`

const openWords = openStates.map((state) => `'${state}'`).join(', ')
const open = `select order_id from order_states where state in (${openWords}) and targets > 0`

function query({ node, mode, author, clusters = 'all', state, open: isOpen, after, sort = '-createdAt' }: OrderFilter) {
  const [side, direction] = sort === 'createdAt' ? ['>', 'asc'] : ['<', 'desc']
  const seen = clusters === 'all' ? all : theirs
  const where = [
    node !== undefined && 'id in (select order_id from targets where node = :node)',
    mode !== undefined && 'mode = :mode',
    author !== undefined && 'author = :author',
    clusters !== 'all' && `exists (select 1 from ${seen})`,
    state !== undefined && `exists (select 1 from ${seen} and state = :state)`,
    // By the index of the few that are open.
    isOpen && `id in (${open})`,
    isOpen !== undefined && `${isOpen ? '' : 'not '}exists (select 1 from ${seen} and state in (${openWords}))`,
    after !== undefined && `(created_at, id) ${side} (:afterTime, :afterId)`,
  ].filter((condition) => typeof condition === 'string')
  return `select id, mode, plan, upgrade, again, author, created_at as createdAt, deadline,
       (${clusters === 'all' ? kept : counted}) as states
     from orders ${where.length > 0 ? `where ${where.join(' and ')}` : ''}
     order by created_at ${direction}, id ${direction} limit :limit`
}

function summaryOf({ plan, upgrade, again, states, ...order }: SummaryRow): OrderSummary {
  const counts = fromJson<Partial<Record<TargetState, number>>>(states)
  return { ...order, ...planOf(plan), ...upgradeOf(upgrade), ...(again && { again }), states: counts }
}
