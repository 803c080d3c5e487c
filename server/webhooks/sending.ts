import type { Delivery } from '../../protocol/hooks.ts'
import type { Happenings } from '../happenings.ts'
import { oneAfterAnother } from '../one-after-another.ts'
import type { DueDelivery } from '../store/hooks.ts'
import type { Store } from '../store/store.ts'
import { post } from './post.ts'
import { signatureOf } from './sign.ts'

export interface SendingParts {
  store: Store
  happenings: Happenings
  clock: () => number
  failed: (error: unknown) => void
}

export interface SendingSettings {
  /** How long after each attempt the next one comes; after the last one a delivery is dead. */
  retriesMs: number[]
  /** Webhooks may be told at link-local addresses too. */
  linkLocal: boolean
}

/** How many requests are under way to one webhook. */
const atOnce = 4
const longestRestMs = 60_000

/** Sends what waits, each webhook for itself: one that is slow or away keeps nobody else waiting. */
export function createSending(parts: SendingParts, settings: SendingSettings) {
  const outlets = new Map<string, Outlet>()
  return {
    async wake() {
      const webhooks = await parts.store.listWebhooks()
      for (const { name } of webhooks) if (!outlets.has(name)) outlets.set(name, new Outlet(name, parts, settings))
      for (const outlet of outlets.values()) outlet.wake()
    },
    close: async () => {
      await Promise.all([...outlets.values()].map((outlet) => outlet.close()))
    },
  }
}

class Outlet {
  readonly #webhook: string
  readonly #parts: SendingParts
  readonly #settings: SendingSettings
  readonly #send = oneAfterAnother(() => this.#sendDue())
  #timer: NodeJS.Timeout | undefined
  #restUntil = 0
  #failures = 0
  #isClosed = false

  constructor(webhook: string, parts: SendingParts, settings: SendingSettings) {
    this.#webhook = webhook
    this.#parts = parts
    this.#settings = settings
  }

  wake() {
    if (!this.#isClosed) this.#send().catch(this.#parts.failed)
  }

  /** What is under way is let finish: else it would be sent twice. */
  async close() {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#send()
  }

  async #sendDue() {
    clearTimeout(this.#timer)
    try {
      this.#arm(await this.#sendAll())
    } catch (error) {
      this.#rest(false)
      this.#arm(this.#restUntil)
      throw error
    }
  }

  /** Gives when the next one is due. */
  async #sendAll() {
    const { store, clock } = this.#parts
    while (!this.#isClosed && clock() >= this.#restUntil) {
      const due = await store.dueDeliveries(this.#webhook, clock(), atOnce)
      if (due.length === 0) break
      const ends = await Promise.allSettled(due.map((delivery) => this.#attempt(delivery)))
      const failure = ends.find((end) => end.status === 'rejected')
      if (failure) throw failure.reason
      this.#rest(ends.some((end) => end.status === 'fulfilled' && end.value))
    }
    return store.nextDelivery(this.#webhook)
  }

  #arm(next: number | undefined) {
    if (next === undefined || this.#isClosed) return
    const wait = Math.max(next, this.#restUntil) - this.#parts.clock()
    this.#timer = setTimeout(() => this.wake(), Math.min(Math.max(wait, 10), longestRestMs))
    this.#timer.unref()
  }

  /** Nobody is asked ten thousand times while he is away. */
  #rest(someArrived: boolean) {
    this.#failures = someArrived ? 0 : this.#failures + 1
    const first = this.#settings.retriesMs[0] ?? 0
    if (this.#failures > 0)
      this.#restUntil = this.#parts.clock() + Math.min(first * 2 ** (this.#failures - 1), longestRestMs)
  }

  async #attempt(delivery: DueDelivery) {
    const { store, happenings, clock } = this.#parts
    const { id, url, secret, body, attempts, webhook, kind, node } = delivery
    const now = clock()
    const { retriesMs, linkLocal } = this.#settings
    const attempt = await post({ url, body, headers: signatureOf(secret, id, body, now), linkLocal }, now)
    const { state, waitMs } = after(attempt, attempts.length, retriesMs)
    await store.attempted(id, attempt, { state, nextAt: now + waitMs })
    happenings.emit('attempt', { delivery: id, webhook, kind, node, state, attempt })
    return state === 'delivered'
  }
}

/** What becomes of a delivery. 410: the receiver wants no more of it. */
function after(
  { status, error }: { status: number | null; error: string | null },
  before: number,
  retriesMs: number[],
): { state: Delivery['state']; waitMs: number } {
  if (error === null) return { state: 'delivered', waitMs: 0 }
  const waitMs = retriesMs[before]
  if (status === 410 || waitMs === undefined) return { state: 'dead', waitMs: 0 }
  return { state: 'waiting', waitMs: Math.round(waitMs * (0.9 + Math.random() * 0.2)) }
}
