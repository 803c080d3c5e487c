import { useEffect, useState } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import type { ResourceEvent } from '../../protocol/events.ts'
import { isFinal, type Order, OrderUpdate } from '../../protocol/views.ts'
import { type Failure, open } from './client.ts'
import { dataOf } from './events.ts'
import { asFailure } from './use-call.ts'

export interface Progress {
  done: number
  total: number
  events: ResourceEvent[]
}

export interface Watched {
  order: Order | undefined
  /** What each node does, as told since the page was opened. */
  progress: Record<string, Progress>
  failure: Failure | undefined
}

const againMs = 2000

/** An order as it happens; where the connection breaks, it is opened again. */
export function useOrder(id: string): Watched {
  const [watched, setWatched] = useState<Watched>({ order: undefined, progress: {}, failure: undefined })
  useEffect(() => {
    const abort = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const follow = () => {
      watch(id, abort.signal, (update) => setWatched((before) => after(before, update))).catch((error: unknown) => {
        if (abort.signal.aborted) return
        const failure = asFailure(error)
        setWatched((before) => ({ ...before, failure }))
        if (failure.code === 'no-answer' || failure.code === 'unknown') timer = setTimeout(follow, againMs)
      })
    }
    follow()
    return () => {
      abort.abort()
      clearTimeout(timer)
    }
  }, [id])
  return watched
}

async function watch(id: string, signal: AbortSignal, tell: (update: OrderUpdate) => void) {
  for await (const data of dataOf(await open(api.watchOrder, { id }, signal))) tell(OrderUpdate.parse(JSON.parse(data)))
}

function after(before: Watched, update: OrderUpdate): Watched {
  if (update.type === 'order') return { ...before, order: update.order, failure: undefined }
  if (update.type === 'target') return withTarget(before, update.target)
  const { node, done, total, events } = update
  const known = before.progress[node]?.events ?? []
  return { ...before, progress: { ...before.progress, [node]: { done, total, events: [...known, ...events] } } }
}

function withTarget(before: Watched, target: Order['targets'][number]): Watched {
  if (!before.order) return before
  const targets = before.order.targets.map((one) => (one.node === target.node ? target : one))
  return { ...before, order: { ...before.order, targets } }
}

export function isOver({ targets }: Order) {
  return targets.every(({ state }) => isFinal(state))
}
