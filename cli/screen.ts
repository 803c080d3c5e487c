import { printable, type Sink } from './output.ts'
import type { Paint } from './paint.ts'

/** The place for lines that change while the operator looks on. */
export interface Screen {
  /** False when lines cannot be taken back: then only what is new is worth printing. */
  live: boolean
  paint: Paint
  rows(): number
  /** Shows the lines in the place of those shown last. */
  draw(lines: string[]): void
  /** Leaves what is shown where it is; the next lines come below. */
  keep(): void
  /** Takes back what is shown. */
  clear(): void
}

const clearToEnd = '\x1b[J'
/** A line that is too long ends at the edge: if it went on below, the count of rows to go up would be wrong. */
const [wrapOff, wrapOn] = ['\x1b[?7l', '\x1b[?7h']

export function makeScreen(sink: Sink & { rows?: number }, { live, paint }: Pick<Screen, 'live' | 'paint'>): Screen {
  let shown = 0
  return {
    live,
    paint,
    rows: () => sink.rows ?? 24,
    draw(lines) {
      const up = shown > 0 ? `\x1b[${shown}A\r${clearToEnd}` : ''
      const text = lines.map((line) => `${printable(line).replaceAll(/[\n\t]/g, ' ')}\n`).join('')
      sink.write(`${wrapOff}${up}${text}${wrapOn}`)
      shown = lines.length
    },
    keep() {
      shown = 0
    },
    clear() {
      if (shown > 0) sink.write(`\x1b[${shown}A\r${clearToEnd}`)
      shown = 0
    },
  }
}
