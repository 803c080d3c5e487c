import { stripVTControlCharacters } from 'node:util'
import { printable } from './output.ts'
import type { Paint } from './paint.ts'

/** The place for lines that change while the operator looks on. */
export interface Screen {
  /** False when lines cannot be taken back: then only what is new is worth printing. */
  live: boolean
  paint: Paint
  rows(): number
  /** Shows the lines in the place of those shown last, below what is printed meanwhile. */
  draw(lines: string[]): void
  /** Leaves what is shown where it is; the next lines come below. */
  keep(): void
  /** Takes back what is shown. */
  clear(): void
}

type Terminal = NodeJS.WritableStream & { rows?: number; columns?: number }

const nothing = () => undefined
/** What the turning sign takes before the first line. */
const margin = 2

export async function makeScreen(terminal: Terminal, { live, paint }: Pick<Screen, 'live' | 'paint'>): Promise<Screen> {
  const rows = () => terminal.rows ?? 24
  // Some terminals that programs make have no width, where no line is ever at an end.
  if (!live || terminal.columns === 0) return { live: false, paint, rows, draw: nothing, keep: nothing, clear: nothing }
  // Most commands wait for nothing, and start quicker without it.
  const { default: ora } = await import('ora')
  const spinner = ora({ stream: terminal, isEnabled: true, color: false, discardStdin: false })
  return {
    live,
    paint,
    rows,
    draw(lines) {
      const width = (terminal.columns ?? 80) - margin
      spinner.text = lines.map((line) => cut(printable(line).replaceAll(/[\n\t]/g, ' '), width)).join('\n')
      if (spinner.isSpinning) spinner.render()
      else spinner.start()
    },
    keep: () => void (spinner.isSpinning && spinner.stopAndPersist({ symbol: '' })),
    clear: () => void (spinner.isSpinning && spinner.stop()),
  }
}

/** A line that went on in the next row would take the place of another. */
function cut(line: string, width: number) {
  const text = stripVTControlCharacters(line)
  return text.length > width ? `${text.slice(0, width - 1)}…` : line
}
