import type { ResourceEvent } from '../../protocol/events.ts'
import type { AgentMessage } from '../../protocol/messages.ts'
import type { Begun } from '../kept/journal.ts'

/** Between two messages: the first event goes out at once, and those that come within this time after it together. */
const progressMs = 100
/** With a diff each, so many still fit into a frame. */
const eventsAtOnce = 100

/** Somebody who waits for an order sees it as it happens; without one nobody does, and only the report goes out. */
export function progressTo(tell: (message: AgentMessage) => void) {
  let run: Begun | undefined
  let unchanged = 0
  const events: ResourceEvent[] = []
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (!run) return
    while (unchanged + events.length > 0) {
      tell({ type: 'progress', run: run.id, unchanged, events: events.splice(0, eventsAtOnce) })
      unchanged = 0
    }
  }
  const flushLater = () => {
    timer ??= setTimeout(() => (unchanged + events.length > 0 ? flushNow() : flush()), progressMs)
  }
  const flushNow = () => {
    flush()
    flushLater()
  }
  return {
    started: (begun: Begun, resources: number) => {
      if (begun.orders.length === 0) return
      run = begun
      tell({ type: 'started', run: begun.id, mode: begun.mode, orders: begun.orders, resources })
    },
    event: (event: ResourceEvent) => {
      if (!run) return
      // What was found as it should be is only counted, and nobody waits for it.
      if (event.outcome === 'unchanged') unchanged++
      else events.push(event)
      if (timer || event.outcome === 'unchanged') flushLater()
      else flushNow()
    },
    flush,
  }
}
