import type { Log } from '../cli/command.ts'
import type { Catalog } from '../protocol/catalog.ts'
import { messageOf } from '../protocol/errors.ts'

/** How long a new catalog waits for the next one before a run begins. */
const settleMs = 2000
/** After a catalog could not be written down. */
const retakeMs = 30_000

export interface TakingOptions {
  /** Puts the catalog on disk, with all its blobs. */
  take: (catalog: Catalog) => Promise<void>
  /** A run of the new catalog is due. */
  settled: () => void
  /** A run is under way, or about to be. */
  isRunning: () => boolean
  isConnected: () => boolean
  log: Log
}

/** Takes new catalogs, one after another, and asks for a run once a burst of them is over. */
export class Taking {
  readonly #options: TakingOptions
  #settling: NodeJS.Timeout | undefined
  #retaking: NodeJS.Timeout | undefined
  #newest: Catalog | undefined
  #taking = Promise.resolve()
  /** Why the newest catalog is not on this node. */
  trouble: string | undefined

  constructor(options: TakingOptions) {
    this.#options = options
  }

  // One after another, so that an older one that is tried again never comes after a newer one.
  take(catalog: Catalog) {
    this.#newest = catalog
    clearTimeout(this.#retaking)
    this.#taking = this.#taking.then(() => this.#takeNow(catalog))
    return this.#taking
  }

  /** There is none any more. */
  none() {
    this.#newest = undefined
    this.trouble = undefined
  }

  /** Whatever else asks for a run begins it at once. */
  beginSettled() {
    if (!this.#settling) return
    clearTimeout(this.#settling)
    this.#settling = undefined
    this.#options.settled()
  }

  disconnected() {
    clearTimeout(this.#retaking)
  }

  stop() {
    clearTimeout(this.#settling)
  }

  // With a full disk a catalog cannot be taken now; the connection stays, for the reports, and orders are refused with the reason.
  async #takeNow(catalog: Catalog) {
    const { take, log, isConnected } = this.#options
    try {
      await take(catalog)
      this.trouble = undefined
      this.#settle()
    } catch (error) {
      this.trouble = `the node cannot take its new catalog: ${messageOf(error)}`
      log(`${this.trouble}; next attempt in ${retakeMs / 1000} s`, { level: 'warn' })
      const again = () => void (catalog === this.#newest && this.take(catalog))
      if (isConnected()) this.#retaking = setTimeout(again, retakeMs)
    }
  }

  // Edits come in bursts, and one run serves them all.
  #settle() {
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => this.beginSettled(), settleMs)
    if (this.#options.isRunning()) this.beginSettled()
  }
}
