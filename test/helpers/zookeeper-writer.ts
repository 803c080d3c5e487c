import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import zookeeper from 'node-zookeeper-client'

/** How long a write may be tried again: much longer than an election. */
const patienceMs = 30_000

/** Writes to an ensemble, one node after another under `/written`, as long as it runs; remembers what was acknowledged. */
export class Writer {
  readonly #client: zookeeper.Client
  readonly acknowledged: string[] = []
  #longestMs = 0
  #isOver = false
  #work = Promise.resolve()

  constructor(addresses: string[]) {
    const servers = addresses.map((address) => `${address}:2181`).join(',')
    this.#client = zookeeper.createClient(servers, { sessionTimeout: 20_000, spinDelay: 50, retries: 3 })
  }

  async start() {
    const connected = new Promise<void>((resolve) => this.#client.once('connected', resolve))
    this.#client.connect()
    await connected
    await this.#create('/written')
    this.#work = this.#write()
  }

  /** The longest that one write took, over all its attempts. */
  get longestMs() {
    return Math.round(this.#longestMs)
  }

  /** Ends, and gives those of the acknowledged that are not there: what an ensemble must never forget. */
  async stop() {
    this.#isOver = true
    await this.#work
    const children = await new Promise<string[]>((resolve, reject) =>
      this.#client.getChildren('/written', (error, found) => (error ? reject(error) : resolve(found))),
    )
    this.#client.close()
    const there = new Set(children.map((name) => `/written/${name}`))
    return this.acknowledged.filter((path) => !there.has(path))
  }

  async #write() {
    for (let count = 1; !this.#isOver; count++) {
      const path = `/written/n${count}`
      const startedAt = performance.now()
      await this.#create(path)
      this.#longestMs = Math.max(this.#longestMs, performance.now() - startedAt)
      this.acknowledged.push(path)
      await delay(20)
    }
  }

  // Asked again with the same name, so that an answer that was lost is no second write.
  async #create(path: string) {
    const deadline = performance.now() + patienceMs
    for (;;) {
      const error = await new Promise<Error | zookeeper.Exception | null>((resolve) =>
        this.#client.create(path, Buffer.from(path), resolve),
      )
      if (!error || ('code' in error && error.code === zookeeper.Exception.NODE_EXISTS)) return
      assert.ok(performance.now() < deadline, `${path} could not be written within ${patienceMs} ms: ${String(error)}`)
      await delay(20)
    }
  }
}
