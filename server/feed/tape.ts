import { randomBytes } from 'node:crypto'

interface Entry<Said> {
  seq: number
  said: Said
  size: number
}

/**
 * The last of what was said, so that whoever was away for a moment can go on where they were. Ids name the tape as well: those
 * of a server's earlier life, or of before the tape was cleared, are none of it.
 */
export class Tape<Said> {
  #name = randomBytes(6).toString('hex')
  #entries: Entry<Said>[] = []
  #seq = 0
  #size = 0
  readonly #most: number

  /** `most`: characters of JSON. */
  constructor(most: number) {
    this.#most = most
  }

  clear() {
    this.#name = randomBytes(6).toString('hex')
    this.#entries = []
    this.#size = 0
  }

  /** Where the tape is now. */
  get id() {
    return `${this.#name}-${this.#seq}`
  }

  append(make: (id: string) => Said) {
    this.#seq += 1
    const said = make(this.id)
    const size = JSON.stringify(said).length
    this.#entries.push({ seq: this.#seq, said, size })
    this.#size += size
    while (this.#size > this.#most) this.#size -= this.#entries.shift()?.size ?? 0
    return said
  }

  /** All that was said after that; undefined where something of it is lost. */
  after(id: string): Said[] | undefined {
    const [name, text = ''] = id.split('-')
    const seq = Number(text)
    const oldest = this.#entries[0]?.seq ?? this.#seq + 1
    if (name !== this.#name || !/^\d+$/.test(text) || seq < oldest - 1 || seq > this.#seq) return undefined
    return this.#entries.filter((entry) => entry.seq > seq).map(({ said }) => said)
  }
}
