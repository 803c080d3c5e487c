import { setTimeout as pause } from 'node:timers/promises'
import { api } from '../protocol/api.ts'
import type { Order, OrderUpdate } from '../protocol/views.ts'
import type { Client } from './api-client.ts'
import { Unreachable } from './connection.ts'
import { applyUpdate, isOver, type OrderState } from './order-state.ts'
import { subjectOf } from './run-text.ts'

export interface Following {
  signal: AbortSignal
  now: () => number
  /** Before the connection is tried again. */
  retryMs: number
  /** Told when the connection is lost, and why. */
  onLost(error: Unreachable): void
}

/** How long after its deadline an order is still asked for: by then the server has ended it, if there is a server. */
const graceMs = 60_000

/**
 * The order's updates until every target is final. A connection that is cut is made again: what was missed meanwhile
 * comes as what its runs have done so far, of which only what is new is told, then one update with the whole order. Gives up only
 * well after the order's deadline.
 */
export async function* followOrder(client: Client, started: Order, following: Following): AsyncGenerator<OrderUpdate> {
  let state: OrderState = { order: started, progress: {} }
  const told = new Set<string>()
  while (!isOver(state.order)) {
    try {
      for await (const said of client.watch(api.watchOrder, { id: started.id }, following.signal)) {
        const update = said.type === 'progress' ? onlyNew(said, told) : said
        state = applyUpdate(state, update)
        yield update
      }
      if (isOver(state.order)) return
      const order = await client.call(api.readOrder, { id: started.id })
      state = { ...state, order }
      yield { type: 'order', order }
    } catch (error) {
      const tooLate = following.now() > started.deadline + graceMs
      if (!(error instanceof Unreachable) || following.signal.aborted || tooLate) throw error
      following.onLost(error)
    }
    if (!isOver(state.order)) await pause(following.retryMs, undefined, { signal: following.signal })
  }
}

function onlyNew(update: OrderUpdate & { type: 'progress' }, told: Set<string>): OrderUpdate {
  const events = update.events.filter((event) => {
    const what = [update.node, update.run, event.outcome, subjectOf(event)].join(' ')
    const isNew = !told.has(what)
    told.add(what)
    return isNew
  })
  return { ...update, events }
}
