import type { ZooKeeper } from '../shared/zookeeper.ts'

/** What a leader keeps in ZooKeeper for the next one: JSON by key, written one after another, the newest of each. */
export class Store {
  readonly #zk: ZooKeeper
  readonly #path: string
  readonly #pending = new Map<string, string | undefined>()
  #writing: Promise<void> | undefined

  constructor(zk: ZooKeeper, zkPath: string) {
    this.#zk = zk
    this.#path = `${zkPath}/state`
  }

  async open() {
    await this.#zk.mkdirp(this.#path)
  }

  async readAll(prefix: string): Promise<Map<string, string>> {
    const names = (await this.#zk.children(this.#path)).filter((name) => name.startsWith(prefix))
    const texts = await Promise.all(names.map((name) => this.#zk.get(`${this.#path}/${name}`)))
    return new Map(names.flatMap((name, index) => (texts[index] === undefined ? [] : [[name, texts[index]] as const])))
  }

  /** Nothing given removes it. */
  put(key: string, value: unknown) {
    this.#pending.set(key, value === undefined ? undefined : JSON.stringify(value))
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined))
  }

  /** Done when all that was put is there. */
  async settled() {
    while (this.#writing) await this.#writing
  }

  async #write() {
    // In the next turn, so that what is put together is written once.
    await new Promise((resolve) => setImmediate(resolve))
    for (const [key, text] of this.#pending) {
      this.#pending.delete(key)
      const path = `${this.#path}/${key}`
      await (text === undefined ? this.#zk.remove(path) : this.#zk.put(path, text))
    }
  }
}
