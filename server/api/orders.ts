import type { z } from 'zod'
import type { Api } from '../../protocol/api.ts'
import type { ApiParts, Handlers } from './call.ts'
import { ApiFault } from './fault.ts'
import { findLivingNode, findNode, requireRoles, unknown } from './find.ts'
import { keyAfter, pageFrom } from './pages.ts'

type OrderCalls = 'createOrder' | 'listOrders' | 'readOrder' | 'watchOrder' | 'cancelOrder'

export function orderHandlers(parts: ApiParts): Pick<Handlers, OrderCalls> {
  const { store, orders, revisions } = parts
  return {
    async createOrder({ mode, plan, deadlineMs, ...whom }, { by }) {
      if (plan !== undefined && (mode === 'plan' || whom.nodes?.length !== 1))
        throw new ApiFault('bad-input', 'A plan is of one node: name that one, and converge.')
      const nodes = await nodesOf(parts, whom)
      const order = await orders.create({ mode, plan, deadlineMs, author: by.author, nodes })
      return { ...order, sourceErrors: revisions.errors() }
    },
    async listOrders({ node, ...asked }) {
      const nodeId = node === undefined ? undefined : (await findNode(parts, node)).id
      const [createdAt, id] = keyAfter(asked, [0, '']) ?? []
      const after = typeof createdAt === 'number' && typeof id === 'string' ? { createdAt, id } : undefined
      const rows = await store.listOrders({ ...asked, node: nodeId, after, limit: asked.limit + 1 })
      return pageFrom(rows, asked, (order) => [order.createdAt, order.id])
    },
    readOrder: ({ id }) => findOrder(parts, id),
    async watchOrder({ id }) {
      await findOrder(parts, id)
      return (watcher) => orders.watch(id, watcher)
    },
    async cancelOrder({ id }, { by }) {
      await findOrder(parts, id)
      await orders.cancel(id, by)
      return findOrder(parts, id)
    },
  }
}

async function findOrder({ store }: ApiParts, id: string) {
  const order = await store.readOrder(id)
  if (order) return order
  const recent = await store.listOrders({ limit: 10 })
  throw unknown(
    'order',
    id,
    recent.map((other) => other.id),
  )
}

type Whom = Pick<z.infer<Api['createOrder']['input']>, 'nodes' | 'role' | 'all'>

async function nodesOf(parts: ApiParts, { nodes, role, all }: Whom) {
  if ([nodes, role, all].filter((given) => given !== undefined).length !== 1)
    throw new ApiFault('bad-input', 'Give exactly one of nodes, role and all.')
  if (nodes) return Promise.all([...new Set(nodes)].map(async (name) => (await findLivingNode(parts, name)).id))
  const fleet = (await parts.store.readFleet()).nodes
  const found = fleet.filter(({ roles }) => role === undefined || roles.includes(role))
  if (found.length > 0) return found.map(({ id }) => id)
  if (role !== undefined) requireRoles(parts, [role])
  throw new ApiFault('no-nodes', role === undefined ? 'No node has joined yet.' : `No node has the role ${role}.`)
}
