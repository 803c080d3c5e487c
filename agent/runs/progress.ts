import type { ResourceEvent } from '../../protocol/events.ts'
import type { AgentMessage } from '../../protocol/messages.ts'
import type { Begun } from '../kept/journal.ts'

/** Events of a run that somebody waits for go out at least this often. */
const progressMs = 200
/** With a diff each, so many still fit into a frame. */
const eventsAtOnce = 100

/** Somebody who waits for an order sees it as it happens; without one nobody does, and only the report goes out. */
export function progressTo(send: (message: AgentMessage) => void) {
  let run: Begun | undefined
  let unchanged = 0
  const events: ResourceEvent[] = []
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (!run) return
    while (unchanged + events.length > 0) {
      send({ type: 'progress', run: run.id, unchanged, events: events.splice(0, eventsAtOnce) })
      unchanged = 0
    }
  }
  return {
    started: (begun: Begun, resources: number) => {
      if (begun.orders.length === 0) return
      run = begun
      send({ type: 'started', run: begun.id, mode: begun.mode, orders: begun.orders, resources })
    },
    event: (event: ResourceEvent) => {
      if (!run) return
      if (event.outcome === 'unchanged') unchanged++
      else events.push(event)
      timer ??= setTimeout(flush, progressMs)
    },
    flush,
  }
}
