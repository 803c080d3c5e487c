import { EventEmitter } from 'node:events'
import type { ResourceEvent, Run } from '../protocol/events.ts'
import type { Attempt, Delivery } from '../protocol/hooks.ts'
import type { Order } from '../protocol/views.ts'
import type { Forgettable } from './store/retention.ts'
import type { Turn } from './store/orders.ts'
import type { Node } from './store/store.ts'

interface Happens {
  /** Its agent has connected, or is gone for good: another connection of the same key has not taken over. */
  connected: [Node]
  gone: [Node]
  /** A run is stored; it is told once, however often its report comes. */
  run: [{ node: Node; run: Run; events: ResourceEvent[] }]
  /** A run that is under way has begun, or done that since it told last. */
  progress: [{ node: Node; run: string; orders: string[]; done: number; total: number; events: ResourceEvent[] }]
  order: [Order]
  target: [Turn]
  /** What was to be kept no longer is gone. */
  forgotten: [{ kind: Forgettable; count: number }]
  /** A webhook was told, or was not to be reached. */
  attempt: [{ delivery: string; attempt: Attempt } & Pick<Delivery, 'webhook' | 'kind' | 'node' | 'state'>]
}

/** What happens on nodes, for all that tell it on: log, metrics, webhooks. */
export type Happenings = EventEmitter<Happens>

export function createHappenings(): Happenings {
  return new EventEmitter<Happens>()
}
