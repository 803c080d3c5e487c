import type { Peer } from 'trivet/recipe'
import { z } from 'zod'

/** What others need to know of the ensemble, of what `attributesOf('zookeeper')` gives. */
export const Zookeeper = z.object({ role: z.string(), ensembleSize: z.int(), clientPort: z.int() })

/** The nodes of a role: by their stable numbers those that are in the ensemble, and beyond its size the spare ones, which stand still. */
export function ensembleOf(peers: Peer[], size: number) {
  const all = peers.toSorted((a, b) => a.ordinal - b.ordinal)
  return { members: all.slice(0, size), spares: all.slice(size) }
}

export function quorumOf(size: number) {
  return Math.floor(size / 2) + 1
}

/** One at a time, as long as a majority bears it: of one or two none can be missed, whatever the order. */
export function mostAtOnce(size: number) {
  return size <= 2 ? size : 1
}

export function namesOf(peers: Peer[]) {
  return peers.map(({ name }) => name).join(', ')
}

/** Well while the unit is stopped: its runtime directory, which is named after it, goes with it and is kept while it restarts. */
export function standsStill(name: string) {
  return { command: ['test', '!', '-e', `/run/${name}`], withinMs: 60_000 }
}
