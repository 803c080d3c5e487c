import type { Host } from './host.ts'

/** What was read in bulk in one pass, each by the function that reads it. */
export class Readings {
  readonly #known = new Map<unknown, unknown>()

  of<Read>(read: (host: Host) => Read, host: Host): Read {
    if (!this.#known.has(read)) this.#known.set(read, read(host))
    return this.#known.get(read) as Read
  }

  forget() {
    this.#known.clear()
  }
}
