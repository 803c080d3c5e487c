import { type Fault, faultPoints } from '../../resources/fault-points.ts'
import type { Driven } from './drive.ts'
import { type Invariant, invariants } from './invariants.ts'

const names = Object.keys(invariants)

/** A row for each point and fault: how often it struck, in which ways to run, and which of the invariants held. */
export function tableOf(driven: Driven[], faults: readonly Fault[]): string[] {
  const head = ['POINT', 'FAULT', 'STRUCK', ...names.map((name) => name.toUpperCase())]
  const rows = faultPoints.flatMap((point) =>
    faults.flatMap((fault) => {
      const ofIt = driven.filter((one) => one.point === point && one.fault === fault)
      return ofIt.length === 0 ? [] : [[point, fault, ...cellsOf(ofIt)]]
    }),
  )
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const lines = [head, ...rows].map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
  const meanings = Object.entries(invariants).map(([name, meaning]) => `${name.padEnd(7)} ${meaning}`)
  return [...lines, '', ...meanings]
}

function cellsOf(ofIt: Driven[]) {
  const struck = ofIt.reduce((sum, one) => sum + one.struck, 0)
  const broken = new Set<string>(ofIt.flatMap((one) => one.broken.map(([invariant]: [Invariant, string]) => invariant)))
  return [String(struck), ...names.map((name) => (struck === 0 ? '-' : broken.has(name) ? 'BROKEN' : 'ok'))]
}
