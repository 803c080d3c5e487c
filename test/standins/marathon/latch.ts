import { randomUUID } from 'node:crypto'
import { sequenceOf, type ZooKeeper } from '../shared/zookeeper.ts'

/** Curator's leader latch as Marathon uses it: an ephemeral sequential node each, with host:port; the lowest leads. */
export class Latch {
  leader: string | undefined
  isLeading = false
  readonly #zk: ZooKeeper
  readonly #path: string
  readonly #id: string
  #own = ''

  constructor(zk: ZooKeeper, zkPath: string, id: string) {
    this.#zk = zk
    this.#path = `${zkPath}/leader-curator`
    this.#id = id
  }

  /** `won` is called once; `lost` when another leads after that, or when someone else stands with our id. */
  async stand(won: () => void, lost: (why: string) => void) {
    await this.#zk.mkdirp(this.#path)
    const made = await this.#zk.createEphemeral(`${this.#path}/_c_${randomUUID()}-latch-`, this.#id)
    this.#own = made.slice(this.#path.length + 1)
    await this.#zk.watchChildren(this.#path, (names) => this.#read(names, won, lost))
  }

  async #read(names: string[], won: () => void, lost: (why: string) => void) {
    const sorted = names.toSorted((one, other) => sequenceOf(one) - sequenceOf(other))
    const ids = await Promise.all(sorted.map((name) => this.#zk.get(`${this.#path}/${name}`)))
    const same = ids.filter((id, index) => id === this.#id && sorted[index] !== this.#own)
    if (same.length > 0)
      return lost(`Multiple election participants have the same id: ${this.#id}. This is not allowed.`)
    this.leader = ids[0]
    const leads = sorted[0] === this.#own
    if (this.isLeading && !leads) return lost('Leadership was lost to another')
    if (leads && !this.isLeading) {
      this.isLeading = true
      won()
    }
    return undefined
  }
}
