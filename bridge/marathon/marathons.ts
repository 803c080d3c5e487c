import { messageOf } from '../../protocol/errors.ts'
import { readApps } from './apps.ts'
import { parse, read } from './http.ts'

const bounds = { bytes: 16 * 1024 * 1024, ms: 10_000 }

/** All Marathons of the cluster: any of them knows the apps, and the one that answered last is asked first. */
export class Marathons {
  readonly #urls: URL[]
  #current = 0

  constructor(urls: string[]) {
    this.#urls = urls.map((url) => new URL(url))
  }

  get current() {
    return this.#urls[this.#current]?.href ?? ''
  }

  /** The one to listen to at the n-th try. */
  at(attempt: number): URL | undefined {
    return this.#urls[(this.#current + attempt) % this.#urls.length]
  }

  async apps(signal: AbortSignal) {
    const failures: string[] = []
    for (let attempt = 0; attempt < this.#urls.length; attempt++) {
      const index = (this.#current + attempt) % this.#urls.length
      const base = this.#urls[index]
      if (!base) continue
      try {
        const url = new URL('/v2/apps?embed=apps.tasks', base)
        const { text } = await read(url, { headers: { accept: 'application/json' } }, { ...bounds, signal })
        const found = readApps(parse(text, url))
        this.#current = index
        return found
      } catch (error) {
        signal.throwIfAborted()
        failures.push(`${base.host}: ${messageOf(error)}`)
      }
    }
    throw new Error(`no Marathon tells its apps. ${failures.join('; ')}`)
  }
}
