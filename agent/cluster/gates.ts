import { z } from 'zod'
import { digestOf } from '../../protocol/catalog.ts'
import { readReplaceable, writeSynced } from '../kept/state.ts'

const Opened = z.record(z.string(), z.string())
const notTold = 'the server has not said yet how it is'

interface Told {
  /** With the digests of what they want. */
  open: Record<string, string>
  /** And why. */
  closed: Record<string, string>
}

/** Which gates this node waits at. One that has been open is so for good, on disk: a gate is for bringing up, and says nothing of what happens later. */
export class Gates {
  readonly #path: string
  #opened: z.infer<typeof Opened>
  #told: Told | undefined

  constructor(path: string) {
    this.#path = path
    this.#opened = readReplaceable(path, Opened) ?? {}
  }

  /** What the server says of all gates of a catalog, which may be on its way yet; undefined: it is away. */
  tell(told: Told | undefined) {
    this.#told = told
  }

  /** Why the gate with these props has not been open yet; undefined once it has. */
  readonly closed = (name: string, want: unknown) => {
    const digest = digestOf(want)
    if (this.#opened[name] === digest) return undefined
    if (!this.#told) return 'there is no connection to the server, and only it knows the other nodes'
    if (this.#told.open[name] !== digest) return this.#told.closed[name] ?? notTold
    this.#keep({ ...this.#opened, [name]: digest })
    return undefined
  }

  /** What the server has last said of it. */
  isOpen(name: string, want: unknown) {
    return this.#told?.open[name] === digestOf(want)
  }

  /** Gates of other names are forgotten: one that comes again is asked again. */
  forgetBut(names: string[]) {
    const kept = Object.entries(this.#opened).filter(([name]) => names.includes(name))
    if (kept.length < Object.keys(this.#opened).length) this.#keep(Object.fromEntries(kept))
  }

  #keep(opened: z.infer<typeof Opened>) {
    this.#opened = opened
    writeSynced(this.#path, JSON.stringify(opened))
  }
}
