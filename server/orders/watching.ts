import { EventEmitter } from 'node:events'
import { isFinal, type Order, type OrderUpdate } from '../../protocol/views.ts'
import type { UnderWay } from '../feed/under-way.ts'
import type { Happenings } from '../happenings.ts'
import type { Turn } from '../store/orders.ts'
import type { Store } from '../store/store.ts'
import { readSoFar } from './so-far.ts'

export interface Watcher<Update> {
  next: (update: Update) => void
  /** Called once, by the end of the matter or of the server. */
  end: () => void
}

export interface WatchingParts {
  store: Store
  happenings: Happenings
  underWay: UnderWay
  failed: (error: unknown) => void
}

/** Tells whoever watches an order what becomes of it. */
export function createWatching({ store, happenings, underWay, failed }: WatchingParts) {
  const updates = new EventEmitter<Record<string, [OrderUpdate]>>().setMaxListeners(0)
  const ends = new Set<() => void>()
  return {
    publish: (turns: (Turn | undefined)[]) => {
      for (const turn of turns) {
        if (!turn) continue
        updates.emit(turn.order, { type: 'target', target: turn.target })
        happenings.emit('target', turn)
      }
    },
    /** What a node does just now. */
    progress: (orders: string[], update: Omit<Extract<OrderUpdate, { type: 'progress' }>, 'type'>) => {
      for (const order of orders) updates.emit(order, { type: 'progress', ...update })
    },
    /** What the order's runs have done so far, the order as it is, then each change, until all targets are final. Gives back how to stop. */
    watch: (id: string, watcher: Watcher<OrderUpdate>) => {
      // What runs under way do after this is heard.
      const doing = underWay.of(id)
      const { tell, begin, heard } = follow(watcher.next, end)
      function stop() {
        updates.off(id, tell)
        ends.delete(end)
      }
      function end() {
        stop()
        watcher.end()
      }
      ends.add(end)
      updates.on(id, tell)
      readSoFar(id, doing, heard, store)
        .then(({ order, soFar }) => (ends.has(end) ? begin(order, soFar) : undefined))
        .catch(failed)
      return stop
    },
    endAll: () => {
      for (const end of ends) end()
    },
  }
}

function follow(next: (update: OrderUpdate) => void, end: () => void) {
  const open = new Set<string>()
  // What happens while the order is read is told after it.
  let early: OrderUpdate[] | undefined = []
  /** The nodes that told what they do. */
  const heard = new Set<string>()

  function tell(update: OrderUpdate) {
    if (update.type === 'progress') heard.add(update.node)
    if (early) {
      early.push(update)
      return
    }
    next(update)
    if (update.type === 'target' && isFinal(update.target.state)) open.delete(update.target.node)
    if (open.size === 0) end()
  }

  function begin(order: Order | undefined, soFar: OrderUpdate[]) {
    const held = early ?? []
    early = undefined
    if (!order) return end()
    for (const { node, state } of order.targets) if (!isFinal(state)) open.add(node)
    // A node that is done is told as that after what it did.
    for (const update of soFar) next(update)
    next({ type: 'order', order })
    if (open.size === 0) return end()
    for (const update of held) if (open.size > 0) tell(update)
    return undefined
  }

  return { tell, begin, heard }
}
