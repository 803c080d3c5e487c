import type { Output } from '../cli/command.ts'
import type { Screen } from '../cli/screen.ts'

/** A line for each node: changing in its place on a terminal, else one whenever it is another. */
export class Progress {
  readonly #screen: Screen
  readonly #output: Output
  readonly #phases = new Map<string, string>()

  constructor(screen: Screen, output: Output) {
    this.#screen = screen
    this.#output = output
  }

  tell(node: string, phase: string) {
    this.#phases.set(node, phase)
    if (!this.#screen.live) return this.#output.note(`${node}: ${phase}`)
    const width = Math.max(...[...this.#phases.keys()].map((name) => name.length))
    const lines = [...this.#phases].map(([name, text]) => `${name.padEnd(width)}  ${text}`)
    this.#screen.draw(lines.slice(-Math.max(1, this.#screen.rows() - 2)))
  }
}
