import { setTimeout as pause } from 'node:timers/promises'

/** Calls together what asks for the same: however often it is asked for while it is done, it is done once more after. */
export class Turns {
  #asked: number | undefined
  #wake: (() => void) | undefined

  ask(now: number) {
    this.#asked ??= now
    this.#wake?.()
  }

  /** Waits until it is asked for, or for so long. Gives since when it is asked for, if it is. */
  async next(longestMs: number, signal: AbortSignal): Promise<number | undefined> {
    if (this.#asked === undefined && !signal.aborted) {
      const waiting = new AbortController()
      this.#wake = () => waiting.abort()
      await pause(longestMs, undefined, { signal: AbortSignal.any([waiting.signal, signal]) }).catch(() => {})
      this.#wake = undefined
    }
    const asked = this.#asked
    this.#asked = undefined
    return asked
  }
}
