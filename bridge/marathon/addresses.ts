import { lookup } from 'node:dns/promises'
import { isIPv4 } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { App } from '../model/app.ts'

const keepMs = 60_000
/** How long the first read that tells of a name waits for it. */
const longestMs = 2000

type Lookup = (host: string) => Promise<string>

/**
 * haproxy.cfg has addresses alone: one name that cannot be found would be fatal to all of it. What was found once is used until it is found anew, and a name
 * that takes long to be found, or not to be, keeps nobody waiting: `found` is called once it has an address.
 */
export class Addresses {
  readonly #found = new Map<string, { address: string; at: number }>()
  readonly #asking = new Map<string, Promise<void>>()
  #known = new Set<string>()
  readonly #tell: () => void
  readonly #lookup: Lookup

  constructor(found: () => void, lookupOf: Lookup = async (host) => (await lookup(host, { family: 4 })).address) {
    this.#tell = found
    this.#lookup = lookupOf
  }

  async of(apps: App[], now: number): Promise<ReadonlyMap<string, string>> {
    const hosts = new Set(apps.flatMap(({ tasks }) => tasks.map(({ host }) => host)))
    for (const host of this.#found.keys()) if (!hosts.has(host)) this.#found.delete(host)
    const looking = new Map([...hosts].map((host) => [host, this.#refresh(host, now)]))
    const unknown = [...looking].flatMap(([host, asking]) => (this.#known.has(host) ? [] : (asking ?? [])))
    this.#known = hosts
    if (unknown.length > 0) await this.#waitBrieflyFor(Promise.all(unknown))
    return new Map([...this.#found].map(([host, { address }]) => [host, address]))
  }

  async #waitBrieflyFor(looking: Promise<unknown>) {
    const ended = new AbortController()
    await Promise.race([looking, pause(longestMs, undefined, { signal: ended.signal }).catch(() => {})])
    ended.abort()
  }

  #refresh(host: string, now: number) {
    if (isIPv4(host)) this.#found.set(host, { address: host, at: now })
    const last = this.#found.get(host)
    if (last && now - last.at < keepMs) return undefined
    return this.#asking.get(host) ?? this.#ask(host, now)
  }

  #ask(host: string, now: number) {
    const asking = this.#find(host, now).finally(() => this.#asking.delete(host))
    this.#asking.set(host, asking)
    return asking
  }

  async #find(host: string, now: number) {
    // A complaint of each task that lacks it says so.
    const address = await this.#lookup(host).catch(() => undefined)
    if (address === undefined) return
    const before = this.#found.get(host)?.address
    this.#found.set(host, { address, at: now })
    if (address !== before) this.#tell()
  }
}
