import { markdownTable } from './markdown.ts'
import { rounded, shown } from './statistics.ts'

/** One number of ours with a peer's beside it, from the same run on the same machine. */
export interface Figure {
  name: string
  value: number
  unit: string
  peer: string
  peerValue: number
  /** Ours divided by the peer's: below 1 we take less. */
  ratio: number
}

export interface Machine {
  cpu: string
  cores: number
  memoryGiB: number
  kernel: string
  /** Of everything measured, and of Node.js. */
  versions: Record<string, string>
}

export function figureOf(name: string, value: number, unit: string, peer: string, peerValue: number): Figure {
  return { name, value: rounded(value), unit, peer, peerValue: rounded(peerValue), ratio: rounded(value / peerValue) }
}

export function describeMachine({ cpu, cores, memoryGiB, kernel, versions }: Machine) {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return `${cores} cores of ${cpu}, ${memoryGiB} GiB, kernel ${kernel}; ${named.join(', ')}`
}

/** Figures of one unit. */
export function figuresTable(figures: Figure[]) {
  const unit = figures[0]?.unit ?? ''
  return markdownTable(
    ['ours', unit, 'beside', unit, 'ratio'],
    figures.map(({ name, value, peer, peerValue, ratio }) => [
      name,
      shown(value),
      peer,
      shown(peerValue),
      shown(ratio),
    ]),
  )
}
