import { describeMachine, type Figure, figureOf, type Machine } from '../figures.ts'
import { markdownTable } from '../markdown.ts'
import { percentile, shown } from '../statistics.ts'

/** One talk's times through the server, and through the relay. */
export interface Heard {
  name: string
  ms: number[]
  relayMs: number[]
}

export interface Found {
  machine: Machine
  nodes: number
  runs: number
  /** How many processes wanted a core meanwhile, these here among them. */
  load: number
  heard: Heard[]
}

const limitMs = 200

export function figuresOf(heard: Heard[]): Figure[] {
  return heard.map(({ name, ms, relayMs }) =>
    figureOf(`${name}, 95th percentile`, percentile(ms, 95), 'ms', 'bare relay', percentile(relayMs, 95)),
  )
}

export function markdownOf({ machine, nodes, runs, load, heard }: Found) {
  const table = markdownTable(
    ['agents, readers', 'median ms', '95th', 'most', 'wanted below', 'bare relay: median', '95th', 'most', 'n'],
    heard.map(({ name, ms, relayMs }) => [name, ...spread(ms), String(limitMs), ...spread(relayMs), String(ms.length)]),
  )
  const size = `${nodes.toLocaleString('en')} nodes, ${runs.toLocaleString('en')} runs; ${shown(load)} processes wanted a core at a time.`
  return [`${describeMachine(machine)}.`, size, table].join('\n\n')
}

function spread(ms: number[]) {
  return [50, 95, 100].map((of100) => shown(percentile(ms, of100)))
}

/** Those that took longer than they may. */
export function tooSlow(heard: Heard[]) {
  return heard.filter(({ ms }) => percentile(ms, 95) >= limitMs).map(({ name }) => name)
}
