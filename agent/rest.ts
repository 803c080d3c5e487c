import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Runs that follow each other sooner pay nothing for it. */
const standardQuietMs = 10_000

/** Between runs memory is given back: V8 by itself does so only when it needs some, and an agent rests for half an hour. */
export class Rest {
  readonly #quietMs: number
  readonly #collect: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(quietMs = standardQuietMs, collect = collector()) {
    this.#quietMs = quietMs
    this.#collect = collect
  }

  begin() {
    this.end()
    this.#timer = setTimeout(this.#collect, this.#quietMs).unref()
  }

  end() {
    clearTimeout(this.#timer)
  }
}

/** A whole collection, which Node.js gives to nobody who did not start it with `--expose-gc`. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  if (typeof collect !== 'function') throw new Error('V8 knows no gc by now')
  return () => void collect()
}
