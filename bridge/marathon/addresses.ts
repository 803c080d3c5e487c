import { lookup } from 'node:dns/promises'
import { isIPv4 } from 'node:net'
import { messageOf } from '../../protocol/errors.ts'
import type { App } from '../model/app.ts'

const keepMs = 60_000

/** haproxy.cfg has addresses alone: one name that cannot be found would be fatal to all of it. What was found once is used until it is found anew. */
export class Addresses {
  readonly #found = new Map<string, { address: string; at: number }>()

  async of(apps: App[], now: number): Promise<ReadonlyMap<string, string>> {
    const hosts = new Set(apps.flatMap(({ tasks }) => tasks.map(({ host }) => host)))
    await Promise.all([...hosts].map((host) => this.#refresh(host, now)))
    for (const host of this.#found.keys()) if (!hosts.has(host)) this.#found.delete(host)
    return new Map([...this.#found].map(([host, { address }]) => [host, address]))
  }

  async #refresh(host: string, now: number) {
    if (isIPv4(host)) this.#found.set(host, { address: host, at: now })
    const known = this.#found.get(host)
    if (known && now - known.at < keepMs) return
    try {
      const { address } = await lookup(host, { family: 4 })
      this.#found.set(host, { address, at: now })
    } catch (error) {
      // A complaint of each task that lacks it says so.
      if (!(error instanceof Error)) throw new Error(messageOf(error), { cause: error })
    }
  }
}
