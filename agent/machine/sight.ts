import { Unforeseeable } from '../../resources/host.ts'

/** How a plan looks at what it foresees: what it did not find, and whether it takes for granted what is in doubt. */
export class Sight {
  /** Something that was looked for is not there, or more may be there than was listed. */
  hasMissed = false
  /** The same of a package, which only what brings anything at all can bring. */
  hasMissedPackage = false
  /** A command answered, which sees the machine as it really is. */
  hasAsked = false
  #assuming: string | undefined

  /** Why what is changed now is in doubt; undefined: it is not. */
  get assuming() {
    return this.#assuming
  }

  /** What `act` changes is in doubt from then on, for this reason; it itself sees what was in doubt before as if that were made. */
  async assume(why: string, act: () => Promise<unknown>) {
    const before = this.#assuming
    this.#assuming = why
    try {
      await act()
    } finally {
      this.#assuming = before
    }
  }

  /** What is in doubt cannot be looked at, but on that assumption. */
  require(doubt: string | undefined) {
    if (doubt !== undefined && this.#assuming === undefined) throw new Unforeseeable(doubt)
  }
}

/** Things by name, as a plan foresees them. */
export class ForeseenMap<Thing> extends Map<string, Thing> {
  readonly #doubts = new Map<string, string>()
  readonly #sight: Sight

  readonly #missed: 'hasMissed' | 'hasMissedPackage'

  constructor(real: Iterable<[string, Thing]>, sight: Sight, missed: 'hasMissed' | 'hasMissedPackage' = 'hasMissed') {
    super()
    for (const [name, thing] of real) super.set(name, thing)
    this.#sight = sight
    this.#missed = missed
  }

  /** Why some of it is in doubt, if it is. */
  get doubt() {
    return this.#doubts.values().next().value
  }

  override get(name: string) {
    this.#sight.require(this.#doubts.get(name))
    const found = super.get(name)
    if (found === undefined) this.#sight[this.#missed] = true
    return found
  }

  override has(name: string) {
    return this.get(name) !== undefined
  }

  override set(name: string, thing: Thing) {
    this.#note(name)
    return super.set(name, thing)
  }

  override delete(name: string) {
    this.#note(name)
    return super.delete(name)
  }

  #note(name: string) {
    const why = this.#sight.assuming
    if (why === undefined) this.#doubts.delete(name)
    else this.#doubts.set(name, why)
  }
}
