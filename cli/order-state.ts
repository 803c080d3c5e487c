import type { ResourceEvent } from '../protocol/events.ts'
import { isFinal, type Order, type OrderUpdate, type Target } from '../protocol/views.ts'

/** How far a node is with an order. */
interface Progress {
  done: number
  total: number
  /** The latest resource that was looked at. */
  latest: ResourceEvent | undefined
}

/** An order as far as it is known. */
export interface OrderState {
  order: Order
  progress: Record<string, Progress>
}

export function applyUpdate(state: OrderState, update: OrderUpdate): OrderState {
  if (update.type === 'order') return { ...state, order: update.order }
  if (update.type === 'target') {
    const targets = state.order.targets.map((target) => (target.node === update.target.node ? update.target : target))
    return { ...state, order: { ...state.order, targets } }
  }
  const { node, done, total, events } = update
  const latest = events.at(-1) ?? state.progress[node]?.latest
  return { ...state, progress: { ...state.progress, [node]: { done, total, latest } } }
}

export function isOver({ targets }: Order) {
  return targets.every(({ state }) => isFinal(state))
}

/** 0 all converged, 1 otherwise. Detailed: 2 something changed (or would), 4 something failed, 6 both. */
export function exitCodeOf({ targets }: Order, { detailed }: { detailed: boolean }) {
  const failed = targets.some(({ state }) => state !== 'converged')
  if (!detailed) return failed ? 1 : 0
  return (targets.some(hasChanges) ? 2 : 0) + (failed ? 4 : 0)
}

/** What a plan cannot know may change too. */
function hasChanges({ counts }: Target) {
  return counts !== null && counts.changed + counts.wouldChange + counts.unknown > 0
}
