import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { messageOf } from '../../protocol/errors.ts'
import { parse, read } from '../marathon/http.ts'
import { ownTag, type Registration } from './registrations.ts'

const bounds = { bytes: 16 * 1024 * 1024, ms: 10_000 }
const waitSeconds = 300
const longestPauseMs = 60_000

const Services = z.record(
  z.string(),
  z.object({ Service: z.string(), Tags: z.array(z.string()).nullable(), Address: z.string(), Port: z.int() }),
)
const Health = z.array(z.object({ Service: z.object({ ID: z.string() }) }))

/** Tells the Consul agent of this host what runs here. Only what bears our tag is taken back. */
export async function register(base: string, wanted: ReadonlyMap<string, Registration>, signal: AbortSignal) {
  const url = new URL('/v1/agent/services', base)
  const told = Services.parse(parse((await read(url, {}, { ...bounds, signal })).text, url))
  const put = (path: string, body?: unknown) =>
    read(
      new URL(path, base),
      { method: 'PUT', body: body === undefined ? undefined : JSON.stringify(body) },
      { ...bounds, signal },
    )
  for (const [id, one] of wanted) {
    const there = told[id]
    const same =
      there?.Service === one.Name &&
      there.Address === one.Address &&
      there.Port === one.Port &&
      JSON.stringify(there.Tags) === JSON.stringify(one.Tags)
    if (!same) await put('/v1/agent/service/register', one)
  }
  const gone = Object.entries(told).filter(([id, { Tags }]) => Tags?.includes(ownTag) && !wanted.has(id))
  for (const [id] of gone) await put(`/v1/agent/service/deregister/${encodeURIComponent(id)}`)
}

/** Follows Consul's health of services by blocking queries: one for each name that is watched. What it said last stands while it is away. */
export class ConsulHealth {
  readonly #base: string
  readonly #changed: () => void
  readonly #watched = new Map<string, { passing: Set<string> | undefined; end: AbortController }>()
  /** Why it is not heard; undefined where all is well. */
  trouble: string | undefined

  constructor(base: string, changed: () => void) {
    this.#base = base
    this.#changed = changed
  }

  /** These names, and no others. */
  watch(names: Set<string>) {
    for (const [name, { end }] of this.#watched) {
      if (names.has(name)) continue
      end.abort()
      this.#watched.delete(name)
    }
    for (const name of names) {
      if (this.#watched.has(name)) continue
      const end = new AbortController()
      this.#watched.set(name, { passing: undefined, end })
      void this.#follow(name, end.signal)
    }
  }

  isPassing(name: string, id: string) {
    return this.#watched.get(name)?.passing?.has(id) ?? false
  }

  /** Whether each name has been heard of once: until then what runs is left as it is. */
  get isKnown() {
    return [...this.#watched.values()].every(({ passing }) => passing !== undefined)
  }

  async #follow(name: string, signal: AbortSignal) {
    let index = 0
    let failures = 0
    while (!signal.aborted) {
      try {
        const next = await this.#ask(name, index, signal)
        failures = 0
        this.trouble = undefined
        index = nextIndex(index, next.index)
        this.#take(name, next.ids)
      } catch (error) {
        if (signal.aborted) return
        this.trouble = messageOf(error)
        index = 0
        await pause(Math.min(longestPauseMs, 250 * 2 ** failures++), undefined, { signal }).catch(() => {})
      }
    }
  }

  #take(name: string, ids: string[]) {
    const watched = this.#watched.get(name)
    if (!watched) return
    const same = watched.passing?.size === ids.length && ids.every((id) => watched.passing?.has(id))
    watched.passing = new Set(ids)
    if (!same) this.#changed()
  }

  async #ask(name: string, index: number, signal: AbortSignal) {
    const url = new URL(`/v1/health/service/${encodeURIComponent(name)}`, this.#base)
    url.search = `passing&tag=${ownTag}${index > 0 ? `&index=${index}&wait=${waitSeconds}s` : ''}`
    const ms = (waitSeconds * 17 * 1000) / 16 + 10_000
    const { headers, text } = await read(url, {}, { ...bounds, ms, signal })
    const ids = Health.parse(parse(text, url)).map(({ Service }) => Service.ID)
    return { ids, index: Number(headers['x-consul-index'] ?? 0) }
  }
}

/** One that goes backwards begins anew; 0 would not block, and is never asked for twice. */
export function nextIndex(last: number, told: number) {
  if (!(told > 0)) return 1
  return told < last ? 0 : told
}
