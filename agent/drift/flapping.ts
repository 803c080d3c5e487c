/** So many repairs in a row before a resource counts as flapping … */
const most = 50
/** … and one more for each of these. Who writes once a minute is found out within the hour. */
const refillMs = 5 * 60_000
/** A repair of what runs counts for more: as systemd itself, we start nothing more than five times in a row. */
const weights = { unit: 10, other: 1 }
/** Once flapping, it is repaired again only when so many repairs are free. */
const enough = 3

interface Bucket {
  left: number
  at: number
  isFlapping: boolean
}

/** How often each resource may be repaired: a fight with another program is told, and not fought for ever. */
export class Flapping {
  readonly #buckets = new Map<string, Bucket>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  repaired(id: string, kind: keyof typeof weights) {
    const bucket = this.#at(id)
    bucket.left -= weights[kind]
    if (bucket.left < 1) bucket.isFlapping = true
    this.#buckets.set(id, bucket)
  }

  /** Whether it is to be left alone for now. */
  has(id: string) {
    const bucket = this.#at(id)
    if (bucket.left >= enough) bucket.isFlapping = false
    return bucket.isFlapping
  }

  /** Milliseconds until it is repaired again. */
  restMs(id: string) {
    const { left } = this.#at(id)
    return Math.max(0, (enough - left) * refillMs)
  }

  #at(id: string): Bucket {
    const now = this.#now()
    const known = this.#buckets.get(id) ?? { left: most, at: now, isFlapping: false }
    known.left = Math.min(most, known.left + (now - known.at) / refillMs)
    known.at = now
    return known
  }
}
