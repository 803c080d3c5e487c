import { oneAfterAnother } from '../one-after-another.ts'
import type { HookStore } from '../store/hooks.ts'

type Told = Parameters<HookStore['tell']>[0]

export interface TellingParts {
  store: Pick<HookStore, 'tell'>
  failed: (error: unknown) => void
}

/** What was decided to be told, kept here until it is stored: a disk that was full has room again later. */
export class Telling {
  readonly #parts: TellingParts
  readonly #told: () => void
  readonly #ofNodes = new Map<string, Told[]>()
  /** Tells what is not stored yet. */
  readonly again = oneAfterAnother(() => this.#tellAll())

  constructor(parts: TellingParts, told: () => void) {
    this.#parts = parts
    this.#told = told
  }

  tell(told: Told) {
    const { node } = told.trouble
    const waiting = this.#ofNodes.get(node)
    if (waiting) waiting.push(told)
    else this.#ofNodes.set(node, [told])
    void this.again()
  }

  /** Nodes side by side, since they share what a sync of the disk costs. */
  async #tellAll() {
    const ends = await Promise.allSettled([...this.#ofNodes].map(([node, waiting]) => this.#tellOf(node, waiting)))
    const failure = ends.find((end) => end.status === 'rejected')
    if (failure) this.#parts.failed(failure.reason)
  }

  /** In turn: what is over must not be stored before it began. */
  async #tellOf(node: string, waiting: Told[]) {
    for (let next = waiting[0]; next; next = waiting[0]) {
      await this.#parts.store.tell(next)
      waiting.shift()
      this.#told()
    }
    this.#ofNodes.delete(node)
  }
}
