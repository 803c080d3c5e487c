import { isDeepStrictEqual } from 'node:util'
import type { ResourceId } from '../protocol/catalog.ts'
import type { Connection } from './agents/connection.ts'

/** How the probes of a node are, as it said last: null for well. */
export type Health = Record<ResourceId, string | null>

/** Whether it is news. */
export function isSameHealth(before: Health | undefined, now: Health) {
  return before !== undefined && isDeepStrictEqual(before, now)
}

const mostText = 200

/** Why the node is not well by these probes; null: it is. What is not known is not well. */
export function troubleOf(name: string, probes: ResourceId[], connection: Connection | undefined) {
  if (!connection) return `${name} is not connected`
  for (const probe of probes) {
    const trouble = connection.health?.[probe]
    if (trouble === undefined) return `${name} has not said how ${probe} is`
    if (trouble !== null) return `${probe} on ${name} is not well: ${oneLine(trouble)}`
  }
  return null
}

function oneLine(text: string) {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > mostText ? `${line.slice(0, mostText)}…` : line
}
