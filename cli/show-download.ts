import type { Context } from './context.ts'
import { makeThrottle } from './throttle.ts'

/** The parts of a download as they come, while the screen says how much there is by now. */
export async function* showDownload(
  parts: AsyncIterable<Buffer>,
  { what, quiet }: { what: string; quiet: boolean },
  context: Context,
) {
  const screen = await context.screen({ quiet })
  let size: number | undefined
  const draw = makeThrottle(100, () => screen.draw([`${what}: ${size === undefined ? 'asked for' : sizeText(size)}`]))
  try {
    draw()
    for await (const part of parts) {
      size = (size ?? 0) + part.length
      draw()
      yield part
    }
  } finally {
    draw.flush()
    screen.clear()
  }
}

function sizeText(bytes: number) {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
