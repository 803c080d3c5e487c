import type { Upgrade } from '../../protocol/upgrade.ts'
import type { Clusters, Order, OrderMode, OrderSummary, Target, TargetState } from '../../protocol/views.ts'
import type { By } from './who.ts'

/** One node's part of an order, as the server works with it. */
export interface OpenTarget {
  order: string
  node: string
  mode: OrderMode
  plan?: string
  upgrade?: Upgrade
  state: TargetState
  createdAt: number
  deadline: number
}

/** A target that took another state, with the node's id: what watchers are told. */
export interface Turn {
  order: string
  node: string
  target: Target
}

/** So that who asks again, since no answer came, gives no second order. */
export interface Once {
  /** Chosen by the author of the order. */
  key: string
  /** SHA-256 of all that was asked for. */
  asked: string
}

export interface OrderStore {
  /** False where the author has an order under that key by now: nothing was made. */
  createOrder(
    order: Omit<Order, 'targets'>,
    targets: { node: string; state: TargetState; reason?: string }[],
    by: By,
    once?: Once,
  ): Promise<boolean>
  findOrderByKey(author: string, key: string): Promise<{ id: string; asked: string } | undefined>
  /** Ids of the nodes still in the fleet that are done with the order and did not converge, in its order; given clusters, of those alone. */
  unconverged(orderId: string, clusters?: Clusters): Promise<string[]>
  /** Given clusters, with the targets in them alone, and not there where there is none. */
  readOrder(id: string, clusters?: Clusters): Promise<Order | undefined>
  /** Newest first, unless sorted by `createdAt`. */
  listOrders(filter: OrderFilter): Promise<OrderSummary[]>
  /** Of one node, or all; by age of their orders. */
  openTargets(nodeId?: string): Promise<OpenTarget[]>
  /** Gives the target back if its state was one of `from`; otherwise nothing happens: a final state stays. */
  turnTarget(order: string, nodeId: string, from: TargetState[], to: TurnTo): Promise<Turn | undefined>
  cancelOrder(id: string, by: By): Promise<Turn[]>
}

export interface OrderFilter {
  /** A node's id. */
  node?: string | undefined
  mode?: OrderMode | undefined
  author?: string | undefined
  /** Some target is in one of these clusters; no others are looked at or counted. */
  clusters?: Clusters | undefined
  /** Some target is in this state. */
  state?: TargetState | undefined
  /** Some target is not final yet; or with false, none. */
  open?: boolean | undefined
  limit: number
  sort?: '-createdAt' | 'createdAt'
  /** The last order of the page before. */
  after?: Pick<Order, 'createdAt' | 'id'> | undefined
}

interface TurnTo {
  state: TargetState
  reason?: string | undefined
  run?: string | undefined
  at: number
}
