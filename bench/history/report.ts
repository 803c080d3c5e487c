import { describeMachine, type Figure, figureOf, type Machine } from '../figures.ts'
import { markdownTable } from '../markdown.ts'
import { percentile, shown } from '../statistics.ts'

/** One question's times through the API, and of the plain query. */
export interface Asked {
  name: string
  limitMs: number
  apiMs: number[]
  sqlMs: number[]
  kilobytes: number
}

export interface Found {
  machine: Machine
  nodes: number
  runs: number
  /** What the file takes for each run, all in all. */
  bytesOfRun: number
  /** What an unchanged run adds to it. */
  bytesUnchanged: number
  asked: Asked[]
}

export function figuresOf(asked: Asked[]): Figure[] {
  return asked.map(({ name, apiMs, sqlMs }) =>
    figureOf(`${name}, 95th percentile`, percentile(apiMs, 95), 'ms', 'plain SQL', percentile(sqlMs, 95)),
  )
}

export function markdownOf({ machine, nodes, runs, bytesOfRun, bytesUnchanged, asked }: Found) {
  const table = markdownTable(
    ['asked', 'median ms', '95th', 'most', 'wanted below', 'plain SQL: median', '95th', 'kB'],
    asked.map(({ name, limitMs, apiMs, sqlMs, kilobytes }) => [
      name,
      ...[50, 95, 100].map((of100) => shown(percentile(apiMs, of100))),
      String(limitMs),
      ...[50, 95].map((of100) => shown(percentile(sqlMs, of100))),
      shown(kilobytes),
    ]),
  )
  const size = `${nodes.toLocaleString('en')} nodes, ${runs.toLocaleString('en')} runs; the file has ${shown(bytesOfRun)} bytes a run, and an unchanged run adds ${shown(bytesUnchanged)}.`
  return [`${describeMachine(machine)}.`, size, table].join('\n\n')
}

/** Those that took longer than they may. */
export function tooSlow(asked: Asked[]) {
  return asked.filter(({ apiMs, limitMs }) => percentile(apiMs, 95) >= limitMs).map(({ name }) => name)
}
