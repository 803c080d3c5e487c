import { EventEmitter } from 'node:events'
import type { OrderUpdate } from '../../protocol/views.ts'
import type { Store, Turn } from '../store/store.ts'
import { isFinal } from './states.ts'

export interface Watcher<Update> {
  next(update: Update): void
  end(): void
}

export interface WatchingParts {
  store: Store
  failed: (error: unknown) => void
}

/** Tells whoever watches an order what becomes of it. */
export function createWatching({ store, failed }: WatchingParts) {
  const updates = new EventEmitter<Record<string, [OrderUpdate]>>().setMaxListeners(0)
  return {
    publish(turns: (Turn | undefined)[]) {
      for (const turn of turns) if (turn) updates.emit(turn.order, { type: 'target', target: turn.target })
    },
    /** What a node does just now. */
    progress(orders: string[], update: Omit<Extract<OrderUpdate, { type: 'progress' }>, 'type'>) {
      for (const order of orders) updates.emit(order, { type: 'progress', ...update })
    },
    /** The order as it is, then each change, until all targets are final. Gives back how to stop. */
    watch(id: string, watcher: Watcher<OrderUpdate>) {
      const { tell, begin } = follow(watcher, () => updates.off(id, tell))
      updates.on(id, tell)
      store.readOrder(id).then(begin, failed)
      return () => void updates.off(id, tell)
    },
  }
}

function follow(watcher: Watcher<OrderUpdate>, off: () => void) {
  const open = new Set<string>()
  // What happens while the order is read is told after it.
  let early: OrderUpdate[] | undefined = []

  function tell(update: OrderUpdate) {
    if (early) return void early.push(update)
    watcher.next(update)
    if (update.type === 'order') for (const { node, state } of update.order.targets) if (!isFinal(state)) open.add(node)
    if (update.type === 'target' && isFinal(update.target.state)) open.delete(update.target.node)
    if (open.size > 0) return
    off()
    watcher.end()
  }

  function begin(order: Extract<OrderUpdate, { type: 'order' }>['order'] | undefined) {
    const held = early ?? []
    early = undefined
    if (!order) throw new Error('An order that does not exist cannot be watched.')
    tell({ type: 'order', order })
    for (const update of held) if (open.size > 0) tell(update)
  }

  return { tell, begin }
}
