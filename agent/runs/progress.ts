import type { ResourceEvent } from '../../protocol/events.ts'
import type { AgentMessage } from '../../protocol/messages.ts'
import type { Begun } from '../kept/journal.ts'

/** Between two messages: the first event goes out at once, and those that come within this time after it together. */
const progressMs = 100
/** With a diff each, so many still fit into a frame. */
const eventsAtOnce = 100
/** A run that nobody ordered is told of at its first difference, or when it lasts this long: most find none, and are over sooner. */
const silentMs = 1000

/** Tells of a run as it happens. `tell` says whether there was a connection to tell it on. */
export class Progress {
  readonly #tell: (message: AgentMessage) => boolean
  #started: (AgentMessage & { type: 'started' }) | undefined
  /** The server is to know of the run, and does as soon as there is a connection. */
  #isDue = false
  #isTold = false
  #unchanged = 0
  readonly #events: ResourceEvent[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(tell: (message: AgentMessage) => boolean) {
    this.#tell = tell
  }

  readonly started = ({ id, mode, orders, trigger }: Begun, resources: number) => {
    this.#started = { type: 'started', run: id, mode, orders, resources }
    if (orders.length > 0) this.#begin()
    // A repair of drift has no report where nothing came of it, and would never be over.
    else if (trigger !== 'drift') this.#timer = setTimeout(() => this.#begin(), silentMs)
  }

  readonly event = (event: ResourceEvent) => {
    // What was found as it should be is only counted, and nobody waits for it.
    if (event.outcome === 'unchanged') {
      this.#unchanged++
      if (this.#isDue) this.#flushLater()
      return
    }
    this.#events.push(event)
    if (this.#isDue && this.#timer) return
    this.#isDue = true
    this.#flushNow()
  }

  /** Tells what is left. */
  flush() {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (!this.#started || !this.#isDue) return
    this.#isTold ||= this.#tell(this.#started)
    if (!this.#isTold) return
    while (this.#left > 0) {
      const events = this.#events.splice(0, eventsAtOnce)
      this.#tell({ type: 'progress', run: this.#started.run, unchanged: this.#unchanged, events })
      this.#unchanged = 0
    }
  }

  #begin() {
    this.#isDue = true
    this.flush()
  }

  #flushNow() {
    this.flush()
    this.#flushLater()
  }

  #flushLater() {
    this.#timer ??= setTimeout(() => (this.#left > 0 ? this.#flushNow() : this.flush()), progressMs)
  }

  get #left() {
    return this.#unchanged + this.#events.length
  }
}
