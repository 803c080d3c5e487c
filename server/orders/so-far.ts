import type { ResourceEvent } from '../../protocol/events.ts'
import { isFinal, type Order, type OrderUpdate, type Target } from '../../protocol/views.ts'
import type { Doing } from '../feed/under-way.ts'
import type { Store } from '../store/store.ts'

/** As many characters of events are told at once, well below what a reader may be behind. */
const mostAtOnce = 2 * 1024 * 1024

type Progress = Extract<OrderUpdate, { type: 'progress' }>

/** The order as it is, and what its runs have done so far; nothing of it where it is gone. */
export async function readSoFar(id: string, underWay: Doing[], heard: ReadonlySet<string>, store: Store) {
  const order = await store.readOrder(id)
  return { order, soFar: order ? await soFarOf(order, underWay, heard, store) : [] }
}

/** What the runs of an order have done so far: those that are under way, and those that are over on nodes not `heard` meanwhile. */
async function soFarOf(order: Order, underWay: Doing[], heard: ReadonlySet<string>, store: Store) {
  const told = new Set([...heard, ...underWay.map(({ node }) => node.name)])
  let left = mostAtOnce
  const withinLimit = (events: ResourceEvent[]) => {
    const size = JSON.stringify(events).length
    if (size > left) return []
    left -= size
    return events
  }
  const all: Progress[] = underWay.map(({ node, run, done, total, events }) => {
    return { type: 'progress', node: node.name, run, done, total, events: withinLimit(events) }
  })
  for (const target of order.targets) {
    if (told.has(target.node) || !target.run || !isFinal(target.state) || !hasEvents(target) || left <= 0) continue
    const done = resourcesOf(target)
    const events = withinLimit(await store.readEvents(target.run))
    all.push({ type: 'progress', node: target.node, run: target.run, done, total: done, events })
  }
  return all
}

/** Unchanged resources are only counted. */
function hasEvents({ counts }: Target) {
  return counts !== null && Object.entries(counts).some(([outcome, count]) => outcome !== 'unchanged' && count > 0)
}

function resourcesOf({ counts }: Target) {
  return Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0)
}
