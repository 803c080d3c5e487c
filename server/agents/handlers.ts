import { digestOf } from '../../protocol/catalog.ts'
import type { Report, ResourceEvent, Run } from '../../protocol/events.ts'
import type { AgentMessage, ServerMessage } from '../../protocol/messages.ts'
import type { Catalogs } from '../catalogs.ts'
import type { Orders } from '../orders/orders.ts'
import type { Gates } from '../gates.ts'
import type { Happenings } from '../happenings.ts'
import { type Health, isSameHealth } from '../health.ts'
import type { Leases } from '../leases/leases.ts'
import type { Store } from '../store/store.ts'
import { throttled } from '../throttled.ts'
import { BadMessage, type Connection } from './connection.ts'

export interface AgentParts {
  store: Store
  catalogs: Catalogs
  orders: Orders
  leases: Leases
  gates: Gates
  happenings: Happenings
  clock: () => number
  /** Hears what is the server's own fault. */
  failed: (error: unknown) => void
}

/** What each message does. Whoever says it is known by its key; nothing in a message says who. */
export async function handleMessage(parts: AgentParts, connection: Connection, message: AgentMessage) {
  const { orders } = parts
  const { id } = connection.node
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
      tellProgress(parts, connection, [], true)
      return orders.started(id, message.orders, message.run)
    case 'progress':
      if (connection.run?.id !== message.run) return
      connection.run.done += message.unchanged + message.events.length
      return tellProgress(parts, connection, message.events)
    case 'report':
      return handleReport(parts, connection, message)
    case 'health':
      return handleHealth(parts, connection, message.probes)
    case 'leases':
      return parts.leases.want(connection, message.wanted)
    case 'upgrading':
      return orders.upgrading(id, message.order)
    case 'upgrade-over':
      await orders.upgraded(id, message.result)
      return connection.send({ type: 'upgrade-stored', order: message.result.order })
    case 'lease-over':
      return parts.leases.over(connection, message.group, message.fence)
  }
}

function tellProgress(
  { orders, happenings }: AgentParts,
  { node, run }: Connection,
  events: ResourceEvent[],
  isNew = false,
) {
  if (!run) return
  const { id, orders: answered, done, total } = run
  // A run that has just begun is a target's turn to whoever watches an order.
  if (!isNew) orders.progress(answered, { node: node.name, run: id, done, total, events })
  happenings.emit('progress', { node, run: id, orders: answered, done, total, events })
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
  { store, orders, leases, happenings, clock }: AgentParts,
  connection: Connection,
  { report, clock: theirs, spoolBytes }: Extract<AgentMessage, { type: 'report' }>,
) {
  const now = clock()
  const { run, events } = report
  if (connection.run?.id === run.id) connection.run = undefined
  const stored: Report = { run: byOurClock(run, theirs, now), events }
  const turns = await store.storeReport(connection.node.id, stored, now)
  connection.send({ type: 'stored', run: run.id })
  connection.spoolBytes = spoolBytes ?? 0
  if (turns) happenings.emit('run', { node: connection.node, run: stored.run, events })
  orders.publish(turns ?? [])
  await leases.reported(connection.node.id, stored.run)
}

/** How often the others hear of one node's health: one that is mad must not keep the server busy. */
const healthMs = 100

function handleHealth(parts: AgentParts, connection: Connection, probes: Health) {
  if (isSameHealth(connection.health, probes)) return
  connection.health = probes
  connection.tellHealth ??= throttled(() => tellOthers(parts, connection.node.id), healthMs)
  connection.tellHealth()
}

/** The node's health, or whether it is connected, is another: what others wait for may have come. */
export function tellOthers({ gates, leases, failed }: AgentParts, nodeId: string) {
  gates.heard(nodeId)
  leases.heard(nodeId).catch(failed)
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
export async function makeReady({ catalogs, orders, gates }: AgentParts, connection: Connection) {
  if (!connection.ready) {
    connection.ready = true
    sendWanted({ catalogs, gates }, connection, true)
  }
  await orders.deliver(connection.node.id)
}

/** Sends what differs from what the node has. `greeting`: it has to hear of something, if only that it is right. */
export function sendWanted(
  { catalogs, gates }: Pick<AgentParts, 'catalogs' | 'gates'>,
  connection: Connection,
  greeting = false,
) {
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
  gates.tell(connection)
  const message: ServerMessage = same ? { type: 'current' } : { type: 'catalog', catalog: compiled.catalog }
  if (!same || greeting) connection.send(message)
}
