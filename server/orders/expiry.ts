import { openStates, type Order } from '../../protocol/views.ts'
import type { OpenTarget } from '../store/orders.ts'
import type { Store } from '../store/store.ts'
import { createDeadlines } from '../deadlines.ts'
import type { TurnTarget } from './orders.ts'

/** How long an order waits for a node to take it. */
const reachMs = 60_000

/** By when a node must have the order in hand, or its target may be final already. */
export function startByOf(
  { state, createdAt, deadline }: Pick<OpenTarget, 'state' | 'createdAt' | 'deadline'>,
  now: number,
) {
  if (state !== 'waiting') return deadline
  const reach = createdAt + reachMs
  return Math.min(deadline, reach > now ? reach : now + reachMs)
}

export interface ExpiryParts {
  store: Store
  clock: () => number
  /** Where work that nobody waits for tells of its failure. */
  failed: (error: unknown) => void
}

/** Sees to it that each target has a final state when its time is over. */
export function createExpiry({ store, clock, failed }: ExpiryParts, turn: TurnTarget) {
  const deadlines = createDeadlines(clock, failed)

  async function end(order: string, overdue: boolean) {
    const open = (await store.openTargets()).filter((target) => target.order === order)
    for (const { node, state } of open) {
      if (state === 'waiting')
        await turn(order, node, ['waiting'], 'unreachable', { reason: 'was not connected in time' })
      if (overdue)
        await turn(order, node, openStates, 'timed-out', { reason: 'took the order and did not report in time' })
    }
  }

  function arm({ id, deadline }: Pick<Order, 'id' | 'deadline'>) {
    const reach = clock() + reachMs
    if (reach < deadline) deadlines.at(reach, () => end(id, false))
    deadlines.at(deadline, () => end(id, true))
  }

  return {
    arm,
    /** Orders of before the server went. Nodes could not be reached while it was away, so they get their time again. */
    resume: async () => {
      const open = await store.openTargets()
      const orders = new Map(open.map(({ order, deadline }) => [order, { id: order, deadline }]))
      for (const order of orders.values()) arm(order)
    },
    close: () => deadlines.close(),
  }
}
