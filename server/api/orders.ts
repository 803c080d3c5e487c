import type { z } from 'zod'
import type { Api } from '../../protocol/api.ts'
import type { OrderUpdate } from '../../protocol/views.ts'
import type { Watcher } from '../orders/watching.ts'
import type { ApiParts, Handlers } from './call.ts'
import type { Caller } from './caller.ts'
import { ApiFault } from './fault.ts'
import { findLivingNode, findNode, requireRoles, unknown } from './find.ts'
import { keyAfter, pageFrom } from './pages.ts'

type OrderCalls = 'createOrder' | 'listOrders' | 'readOrder' | 'watchOrder' | 'cancelOrder'

export function orderHandlers(parts: ApiParts): Pick<Handlers, OrderCalls> {
  const { store, orders, revisions } = parts
  return {
    async createOrder({ mode, plan, deadlineMs, ...whom }, caller) {
      if (plan !== undefined && (mode === 'plan' || whom.nodes?.length !== 1))
        throw new ApiFault('bad-input', 'A plan is of one node: name that one, and converge.')
      const nodes = await nodesOf(parts, caller, whom)
      const order = await orders.create({ mode, plan, deadlineMs, by: caller.by, nodes })
      return { ...order, sourceErrors: revisions.errors() }
    },
    async listOrders({ node, ...asked }, caller) {
      const nodeId = node === undefined ? undefined : (await findNode(parts, caller, node)).id
      const [createdAt, id] = keyAfter(asked, [0, '']) ?? []
      const after = typeof createdAt === 'number' && typeof id === 'string' ? { createdAt, id } : undefined
      const { clusters } = caller
      const rows = await store.listOrders({ ...asked, node: nodeId, clusters, after, limit: asked.limit + 1 })
      return pageFrom(rows, asked, (order) => [order.createdAt, order.id])
    },
    readOrder: ({ id }, caller) => findOrder(parts, caller, id),
    async watchOrder({ id }, caller) {
      const { targets } = await findOrder(parts, caller, id)
      const seen = new Set(targets.map(({ node }) => node))
      return (watcher) => orders.watch(id, caller.clusters === 'all' ? watcher : only(seen, watcher))
    },
    async cancelOrder({ id }, caller) {
      const seen = await findOrder(parts, caller, id)
      const whole = await store.readOrder(id)
      if (whole?.targets.length !== seen.targets.length) caller.requireAllClusters()
      await orders.cancel(id, caller.by)
      return findOrder(parts, caller, id)
    },
  }
}

/** Leaves out what is told of other nodes. */
function only(seen: Set<string>, { next, end }: Watcher<OrderUpdate>): Watcher<OrderUpdate> {
  const isSeen = ({ node }: { node: string }) => seen.has(node)
  return {
    end,
    next(update) {
      if (update.type === 'order') {
        const { order } = update
        next({ type: 'order', order: { ...order, targets: order.targets.filter(isSeen) } })
      } else if (isSeen(update.type === 'target' ? update.target : update)) next(update)
    },
  }
}

async function findOrder({ store }: ApiParts, { clusters }: Caller, id: string) {
  const order = await store.readOrder(id, clusters)
  if (order) return order
  const recent = await store.listOrders({ clusters, limit: 10 })
  throw unknown(
    'order',
    id,
    recent.map((other) => other.id),
  )
}

type Whom = Pick<z.infer<Api['createOrder']['input']>, 'nodes' | 'role' | 'all'>

async function nodesOf(parts: ApiParts, caller: Caller, { nodes, role, all }: Whom) {
  if ([nodes, role, all].filter((given) => given !== undefined).length !== 1)
    throw new ApiFault('bad-input', 'Give exactly one of nodes, role and all.')
  if (nodes) return Promise.all([...new Set(nodes)].map(async (name) => (await findLivingNode(parts, caller, name)).id))
  const fleet = (await parts.store.readFleet()).nodes
  const found = fleet.filter(
    ({ cluster, roles }) => caller.sees(cluster) && (role === undefined || roles.includes(role)),
  )
  if (found.length > 0) return found.map(({ id }) => id)
  if (role !== undefined) requireRoles(parts, [role])
  throw new ApiFault('no-nodes', role === undefined ? 'No node has joined yet.' : `No node has the role ${role}.`)
}
