import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** Looks again and again, as long as a test goes on, and keeps what was worst. */
abstract class Watch {
  looks = 0
  #running = true
  #work = Promise.resolve()

  start() {
    this.#work = this.#run()
  }

  async stop() {
    this.#running = false
    await this.#work
  }

  protected abstract look(): Promise<void>

  async #run() {
    while (this.#running) {
      await this.look()
      this.looks++
      await delay(50)
    }
  }
}

/** How many of some servers take no connection at the same time. */
export class DownWatch extends Watch {
  readonly #addresses: string[]
  readonly #port: number
  mostDown = 0

  constructor(nodes: { address: string }[], port: number) {
    super()
    this.#addresses = nodes.map(({ address }) => address)
    this.#port = port
  }

  protected async look() {
    const down = await Promise.all(this.#addresses.map((address) => isDown(address, this.#port)))
    this.mostDown = Math.max(this.mostDown, down.filter(Boolean).length)
  }
}

/** GETs a page all the time; each request that does not get 200 is remembered. */
export class GetWatch extends Watch {
  readonly #url: string
  readonly failures: string[] = []

  constructor(url: string) {
    super()
    this.#url = url
  }

  protected async look() {
    try {
      const response = await fetch(this.#url, { signal: AbortSignal.timeout(10_000) })
      await response.text()
      if (response.status !== 200) this.failures.push(`status ${response.status}`)
    } catch (error) {
      this.failures.push(error instanceof Error ? `${error.message} ${String(error.cause)}` : String(error))
    }
  }
}

function isDown(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 3000 })
    const is = (down: boolean) => {
      socket.destroy()
      resolve(down)
    }
    socket.on('connect', () => is(false))
    socket.on('error', () => is(true))
    socket.on('timeout', () => is(true))
  })
}
