import type { FeedEvent } from '../../protocol/api/feed.ts'
import type { ResourceEvent } from '../../protocol/events.ts'

/** What a run has done so far. */
export interface Progress {
  node: string
  run: string
  orders: string[]
  done: number
  total: number
  events: ResourceEvent[]
  /** Its report is stored: there is nothing more to come. */
  isOver: boolean
}

/** By run: those that are under way, and the last that were. */
export type AllProgress = ReadonlyMap<string, Progress>

const overAtMost = 100

/** What is known of runs once that has happened. */
export function progressAfter(before: AllProgress, event: FeedEvent): AllProgress {
  if (event.type === 'reset') return new Map()
  if (event.type === 'progress') return new Map(before).set(event.run, added(before.get(event.run), event))
  // Without its connection nobody knows how far it is.
  if (event.type === 'node') return event.node.connected ? before : without(before, event.node.name)
  const known = event.type === 'run' ? before.get(event.run.id) : undefined
  if (!known) return before
  const next = new Map(before).set(known.run, { ...known, isOver: true })
  const over = [...next.values()].filter(({ isOver }) => isOver)
  for (const { run } of over.slice(0, -overAtMost)) next.delete(run)
  return next
}

function added(known: Progress | undefined, { node, run, orders, done, total, events }: Doing): Progress {
  return { node, run, orders, done, total, events: [...(known?.events ?? []), ...events], isOver: false }
}
type Doing = Extract<FeedEvent, { type: 'progress' }>

function without(before: AllProgress, node: string): AllProgress {
  const gone = [...before.values()].filter((one) => one.node === node && !one.isOver)
  if (gone.length === 0) return before
  const next = new Map(before)
  for (const { run } of gone) next.delete(run)
  return next
}
