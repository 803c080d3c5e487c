import type { Sink } from './output.ts'
import { printable } from './output.ts'
import type { Paint } from './paint.ts'

/** The place for lines that change while the operator looks on. */
export interface Screen {
  /** False when lines cannot be taken back: then only what is new is worth printing. */
  live: boolean
  paint: Paint
  size(): { columns: number; rows: number }
  /** Shows the lines in the place of those shown last. */
  draw(lines: string[]): void
  /** Leaves what is shown where it is; the next lines come below. */
  keep(): void
}

const clearToEnd = '\x1b[J'

/** Lines must be no wider than the screen, or the count of rows to go up is wrong. */
export function makeScreen(
  sink: Sink & { columns?: number; rows?: number },
  { live, paint }: Pick<Screen, 'live' | 'paint'>,
): Screen {
  let shown = 0
  return {
    live,
    paint,
    size: () => ({ columns: sink.columns ?? 80, rows: sink.rows ?? 24 }),
    draw(lines) {
      const up = shown > 0 ? `\x1b[${shown}A\r${clearToEnd}` : ''
      sink.write(up + lines.map((line) => `${printable(line)}\n`).join(''))
      shown = lines.length
    },
    keep() {
      shown = 0
    },
  }
}
