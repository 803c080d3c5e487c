import { api } from '../../protocol/api.ts'
import { FeedEvent } from '../../protocol/api/feed.ts'
import { open } from './client.ts'
import { dataOf } from './events.ts'
import { signal } from './signal.ts'

/** Whether the server tells what happens as it happens, and since when it does so or not. */
export interface Standing {
  state: 'opening' | 'live' | 'cut'
  since: number
}

const begin: Standing = { state: 'opening', since: Date.now() }
export const standing = signal<Standing>(begin)

type Listener = (event: FeedEvent) => void
const listeners = new Set<Listener>()

/** Gives back how to stop. */
export function listen(listener: Listener) {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/** Who waits for it longer than this asks by themselves. */
const openingMs = 2000
const againMs = 2000
const mostAgainMs = 20_000
/** The server gives a sign of life every 15 seconds; a connection that is dead gives none. */
const silenceMs = 40_000
/** A page that nobody sees leaves its connection to others: a browser has but six for one server. */
const unseenMs = 10_000

/** Follows the feed for as long as somebody is signed in, and the page is seen. Gives back how to stop. */
export function followFeed() {
  standing.set({ state: 'opening', since: Date.now() })
  const late = setTimeout(() => standing.get().state === 'opening' && stand('cut'), openingMs)
  const follower = new Follower()
  let unseen: ReturnType<typeof setTimeout> | undefined
  function look() {
    clearTimeout(unseen)
    if (document.hidden) unseen = setTimeout(() => follower.stop(), unseenMs)
    else follower.start()
  }
  document.addEventListener('visibilitychange', look)
  follower.start()
  return () => {
    clearTimeout(late)
    clearTimeout(unseen)
    document.removeEventListener('visibilitychange', look)
    follower.stop()
  }
}

class Follower {
  #last: string | undefined
  #abort: AbortController | undefined

  start() {
    if (this.#abort) return
    this.#abort = new AbortController()
    void this.#follow(this.#abort.signal)
  }

  stop() {
    this.#abort?.abort()
    this.#abort = undefined
  }

  async #follow(stopped: AbortSignal) {
    for (let pauseMs = againMs; !stopped.aborted; pauseMs = Math.min(pauseMs * 2, mostAgainMs)) {
      try {
        await this.#once(stopped, () => (pauseMs = againMs))
      } catch {
        // Why, the calls that the pages make say.
      }
      if (stopped.aborted) return
      stand('cut')
      await pause(pauseMs * (0.75 + Math.random() / 2), stopped)
    }
  }

  async #once(stopped: AbortSignal, opened: () => void) {
    const silence = new AbortController()
    let timer = setTimeout(() => silence.abort(), silenceMs)
    function heard() {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), silenceMs)
    }
    try {
      const after = this.#last === undefined ? {} : { after: this.#last }
      const response = await open(api.watchFleet, after, AbortSignal.any([stopped, silence.signal]))
      opened()
      if (this.#last !== undefined) stand('live')
      for await (const data of dataOf(response, heard)) this.#tell(FeedEvent.parse(JSON.parse(data)))
    } finally {
      clearTimeout(timer)
    }
  }

  #tell(event: FeedEvent) {
    this.#last = event.id
    const isFirst = standing.get().state === 'opening'
    stand('live')
    // Nobody has read anything yet that they would have to read anew.
    if (isFirst && event.type === 'reset') return
    for (const listener of listeners) listener(event)
  }
}

function stand(state: Standing['state']) {
  if (standing.get().state !== state) standing.set({ state, since: Date.now() })
}

function pause(ms: number, stopped: AbortSignal) {
  return new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    stopped.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
