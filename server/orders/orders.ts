import { openStates, type OrderMode, type TargetState } from '../../protocol/views.ts'
import type { Upgrade, UpgradeResult } from '../../protocol/upgrade.ts'
import { newId } from '../secrets.ts'
import type { Once } from '../store/orders.ts'
import type { By } from '../store/store.ts'
import { createDelivery, type DeliveryParts, messageOf } from './delivery.ts'
import { createExpiry, startByOf, type ExpiryParts } from './expiry.ts'
import { createWatching, type WatchingParts } from './watching.ts'

/** Turns a target that is in one of the states `from` and tells whoever watches; otherwise does nothing. */
export type TurnTarget = (
  order: string,
  nodeId: string,
  from: TargetState[],
  state: TargetState,
  more?: { reason?: string; run?: string },
) => Promise<void>

export interface NewOrder {
  mode: OrderMode
  plan?: string | undefined
  upgrade?: Upgrade | undefined
  /** The id of an order whose failed targets these are. */
  again?: string | undefined
  by: By
  /** Ids of nodes. */
  nodes: string[]
  deadlineMs: number
  once?: Once | undefined
}

export type OrderParts = DeliveryParts & ExpiryParts & WatchingParts
export type Orders = ReturnType<typeof createOrders>

/** Orders from their making to the one final state of each target. */
export function createOrders(parts: OrderParts) {
  const { store, clock } = parts
  const watching = createWatching(parts)
  const turn: TurnTarget = async (order, nodeId, from, state, more) =>
    watching.publish([await store.turnTarget(order, nodeId, from, { state, at: clock(), ...more })])
  const delivery = createDelivery(parts, turn)
  const expiry = createExpiry(parts, turn)
  return {
    publish: watching.publish,
    progress: watching.progress,
    watch: watching.watch,
    ...answers(turn),
    deliver: delivery.deliver,
    resume: expiry.resume,
    close: () => {
      expiry.close()
      watching.endAll()
    },
    /** Undefined where its author has given an order under that key by now. */
    async create(asked: NewOrder) {
      const id = await storeOrder(parts, asked, delivery.refusal)
      if (id === undefined) return undefined
      const order = await store.readOrder(id)
      if (!order) throw new Error(`Order ${id} was stored and is not there.`)
      expiry.arm(order)
      parts.happenings.emit('order', order)
      return order
    },
    async cancel(id: string, by: By) {
      const open = (await store.openTargets()).filter(({ order }) => order === id)
      watching.publish(await store.cancelOrder(id, by))
      for (const { node } of open) parts.send(node, { type: 'cancel', id })
    },
  }
}

/** It is sent when it is stored. */
async function storeOrder(
  { store, clock, send }: OrderParts,
  { mode, plan, upgrade, again, by, nodes, deadlineMs, once }: NewOrder,
  refusal: (nodeId: string, mode: OrderMode) => string | undefined,
) {
  const id = newId()
  const createdAt = clock()
  const targets = nodes.map((node) => {
    const reason = refusal(node, mode)
    return reason === undefined ? { node, state: 'waiting' as const } : { node, state: 'refused' as const, reason }
  })
  const deadline = createdAt + deadlineMs
  const told = { id, mode, ...(plan && { plan }), ...(upgrade && { upgrade }) }
  const order = { ...told, ...(again !== undefined && { again }), author: by.author, createdAt, deadline }
  if (!(await store.createOrder(order, targets, by, once))) return undefined
  for (const { node, state } of targets) {
    if (state === 'waiting') send(node, messageOf(told, startByOf({ state, createdAt, deadline }, createdAt)))
  }
  return id
}

/** What a node answers. An answer to an order that it was not given, or that is over, changes nothing. */
function answers(turn: TurnTarget) {
  return {
    delivered: (nodeId: string, order: string) => turn(order, nodeId, ['waiting'], 'delivered'),
    refused: (nodeId: string, order: string, reason: string) => turn(order, nodeId, openStates, 'refused', { reason }),
    async started(nodeId: string, orders: string[], run: string) {
      for (const order of orders) await turn(order, nodeId, ['waiting', 'delivered'], 'started', { run })
    },
    upgrading: (nodeId: string, order: string) => turn(order, nodeId, ['waiting', 'delivered'], 'started'),
    upgraded: (nodeId: string, { order, outcome, reason }: UpgradeResult) =>
      turn(order, nodeId, openStates, outcome === 'upgraded' ? 'converged' : 'failed', {
        ...(reason !== undefined && { reason }),
      }),
  }
}
