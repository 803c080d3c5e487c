import { describeMachine, type Figure, figureOf, figuresTable, type Machine } from '../figures.ts'
import { markdownTable } from '../markdown.ts'
import { shown } from '../statistics.ts'

/** Medians with so many files. */
export interface Costs {
  files: number
  resources: number
  firstMs: number
  residentMs: number
  oneShotMs: number
  /** The most that the resident agent held. */
  peakMb: number
}

const kinds = { firstMs: 'first converge', residentMs: 'nothing to do, resident', oneShotMs: 'nothing to do, one-shot' }

/** What one resource costs in each catalog, beside what it costs in the smallest. */
export function figuresOf(costs: Costs[]): Figure[] {
  const [smallest, ...larger] = costs.toSorted((one, other) => one.files - other.files)
  if (!smallest) return []
  return (['firstMs', 'residentMs', 'oneShotMs'] as const).flatMap((kind) =>
    larger.map((one) => {
      const name = `a resource of ${thousands(one.files)} files, ${kinds[kind]}`
      return figureOf(name, each(one, kind), 'µs', `of ${thousands(smallest.files)}`, each(smallest, kind))
    }),
  )
}

export function markdownOf({ machine, costs, figures }: { machine: Machine; costs: Costs[]; figures: Figure[] }) {
  const measured = markdownTable(
    ['files', 'resources', ...Object.values(kinds).flatMap((kind) => [`${kind}: ms`, 'µs each']), 'peak MB'],
    costs.map((one) => [
      thousands(one.files),
      String(one.resources),
      ...(['firstMs', 'residentMs', 'oneShotMs'] as const).flatMap((kind) => [
        shown(one[kind]),
        shown(each(one, kind)),
      ]),
      shown(one.peakMb),
    ]),
  )
  return [`${describeMachine(machine)}.`, measured, figuresTable(figures)].join('\n\n')
}

function each(costs: Costs, kind: keyof typeof kinds) {
  return (costs[kind] * 1000) / costs.resources
}

function thousands(count: number) {
  return count.toLocaleString('en')
}
