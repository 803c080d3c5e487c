import { digestOf } from '../../protocol/catalog.ts'
import type { Report, Run } from '../../protocol/events.ts'
import type { AgentMessage, ServerMessage } from '../../protocol/messages.ts'
import type { Catalogs } from '../catalogs.ts'
import type { Orders } from '../orders/orders.ts'
import type { Store } from '../store/store.ts'
import { BadMessage, type Connection } from './connection.ts'

export interface AgentParts {
  store: Store
  catalogs: Catalogs
  orders: Orders
  clock: () => number
}

/** What each message does. Whoever says it is known by its key; nothing in a message says who. */
export async function handleMessage(parts: AgentParts, connection: Connection, message: AgentMessage) {
  const { orders } = parts
  const { id, name } = connection.node
  switch (message.type) {
    case 'hello':
      throw new BadMessage('a second hello')
    case 'facts':
      return handleFacts(parts, connection, message)
    case 'delivered':
      return orders.delivered(id, message.order)
    case 'refused':
      return orders.refused(id, message.order, message.reason)
    case 'started':
      connection.run = { id: message.run, orders: message.orders, done: 0, total: message.resources }
      return orders.started(id, message.orders, message.run)
    case 'progress':
      if (connection.run?.id !== message.run) return
      connection.run.done += message.unchanged + message.events.length
      return orders.progress(connection.run.orders, {
        node: name,
        done: connection.run.done,
        total: connection.run.total,
        events: message.events,
      })
    case 'report':
      return handleReport(parts, connection, message)
    case 'health':
    case 'leases':
    case 'lease-over':
      return undefined
  }
}

async function handleFacts(
  parts: AgentParts,
  connection: Connection,
  { facts }: Extract<AgentMessage, { type: 'facts' }>,
) {
  const { store, catalogs, clock } = parts
  await store.keepFacts(connection.node.id, digestOf(facts), facts, clock())
  await catalogs.refresh()
  await makeReady(parts, connection)
}

async function handleReport(
  { store, orders, clock }: AgentParts,
  connection: Connection,
  { report, clock: theirs }: Extract<AgentMessage, { type: 'report' }>,
) {
  const now = clock()
  const { run, events } = report
  if (connection.run?.id === run.id) connection.run = undefined
  const turns = await store.storeReport(
    connection.node.id,
    { run: byOurClock(run, theirs, now), events } satisfies Report,
    now,
  )
  connection.send({ type: 'stored', run: run.id })
  orders.publish(turns)
}

/** A node's clock may be off by hours; how far is seen from what it says the time is while it reports. */
function byOurClock(run: Run, theirs: number, now: number): Run {
  const finishedAt = between(0, run.finishedAt + now - theirs, now)
  return { ...run, startedAt: between(0, run.startedAt + now - theirs, finishedAt), finishedAt }
}

function between(least: number, value: number, most: number) {
  return Math.max(least, Math.min(value, most))
}

/** From now on the node has its catalog and hears of each change. */
export async function makeReady({ catalogs, orders }: AgentParts, connection: Connection) {
  if (!connection.ready) {
    connection.ready = true
    sendWanted(catalogs, connection, true)
  }
  await orders.deliver(connection.node.id)
}

/** Sends what differs from what the node has. `greeting`: it has to hear of something, if only that it is right. */
export function sendWanted(catalogs: Catalogs, connection: Connection, greeting = false) {
  const compiled = catalogs.of(connection.node.id)?.compiled
  if (!compiled) return
  const isBare = compiled.status === 'unassigned' && !connection.hasCatalog
  if (!('catalog' in compiled) || isBare) {
    connection.catalog = null
    return connection.send({ type: 'no-catalog', why: compiled.status, reason: compiled.reason })
  }
  const same = compiled.digest === connection.catalog
  connection.catalog = compiled.digest
  connection.hasCatalog = true
  const message: ServerMessage = same ? { type: 'current' } : { type: 'catalog', catalog: compiled.catalog }
  if (!same || greeting) connection.send(message)
}
