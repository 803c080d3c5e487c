import type { OrderUpdate } from '../../protocol/views.ts'
import type { Watcher } from '../orders/watching.ts'
import type { ApiParts, Handlers } from './call.ts'
import { findNode, findOrder } from './find.ts'
import { orderGiving } from './order-giving.ts'
import { keyAfter, pageFrom } from './pages.ts'

type OrderCalls = 'createOrder' | 'orderAgain' | 'listOrders' | 'readOrder' | 'watchOrder' | 'cancelOrder'

export function orderHandlers(parts: ApiParts): Pick<Handlers, OrderCalls> {
  const { store, orders } = parts
  return {
    ...orderGiving(parts),
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
