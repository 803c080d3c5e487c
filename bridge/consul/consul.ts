import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { messageOf } from '../../protocol/errors.ts'
import { parse, read } from '../marathon/http.ts'
import { keyOf, type Layout } from '../model/layout.ts'
import { serviceName } from '../model/names.ts'
import type { Surroundings } from '../model/servers.ts'
import { ownTag, type Registration, registrationId } from './registrations.ts'

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

interface Watched {
  /** Ids of those that are well; undefined: it has not said. */
  passing?: Set<string>
  /** Why it was not heard at the last try. */
  trouble?: string | undefined
  end: AbortController
}

/** Follows Consul's health of services by blocking queries: one for each name that is watched. What it said last stands while it is away. */
export class ConsulHealth {
  readonly #base: string
  readonly #changed: () => void
  readonly #watched = new Map<string, Watched>()

  /** `changed` is called when it says something else than before, and when it is heard no more. */
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
      const watched = { end }
      this.#watched.set(name, watched)
      void this.#follow(name, watched)
    }
  }

  /** Undefined: it has not said, as it is away since before the name was asked for. */
  isPassing(name: string, id: string): boolean | undefined {
    return this.#watched.get(name)?.passing?.has(id)
  }

  /** Whether it has told of each name. */
  get isKnown() {
    return [...this.#watched.values()].every(({ passing }) => passing !== undefined)
  }

  /** Whether a first answer is still on its way. */
  get isAwaited() {
    return [...this.#watched.values()].some(({ passing, trouble }) => passing === undefined && trouble === undefined)
  }

  /** Why it is not heard; undefined where all is well. */
  get trouble() {
    return [...this.#watched.values()].find(({ trouble }) => trouble !== undefined)?.trouble
  }

  async #follow(name: string, watched: Watched) {
    const { signal } = watched.end
    let index = 0
    let failures = 0
    while (!signal.aborted) {
      try {
        const next = await this.#ask(name, index, signal)
        failures = 0
        watched.trouble = undefined
        index = nextIndex(index, next.index)
        this.#take(watched, next.ids)
      } catch (error) {
        if (signal.aborted) return
        const isNews = watched.trouble === undefined
        watched.trouble = messageOf(error)
        if (isNews) this.#changed()
        index = 0
        await pause(Math.min(longestPauseMs, 250 * 2 ** failures++), undefined, { signal }).catch(() => {})
      }
    }
  }

  #take(watched: Watched, ids: string[]) {
    const same = watched.passing?.size === ids.length && ids.every((id) => watched.passing?.has(id))
    watched.passing = new Set(ids)
    if (!same) this.#changed()
  }

  async #ask(name: string, index: number, signal: AbortSignal) {
    const url = new URL(`/v1/health/service/${encodeURIComponent(name)}`, this.#base)
    url.search = `passing&tag=${ownTag}${index > 0 ? `&index=${index}&wait=${waitSeconds}s` : ''}`
    // Consul adds up to a sixteenth, so that not all come back at once.
    const blocksMs = index > 0 ? (waitSeconds * 17 * 1000) / 16 : 0
    const { headers, text } = await read(url, {}, { ...bounds, ms: blocksMs + bounds.ms, signal })
    const ids = Health.parse(parse(text, url)).map(({ Service }) => Service.ID)
    return { ids, index: Number(headers['x-consul-index'] ?? 0) }
  }
}

/** One that goes backwards begins anew; 0 would not block, and is never asked for twice. */
export function nextIndex(last: number, told: number) {
  if (!(told > 0)) return 1
  return told < last ? 0 : told
}

/** Whether a task's port is to be served: as Consul says, and where it has not said, as HAProxy does. */
export function passingBy(consul: ConsulHealth, running: Layout): NonNullable<Surroundings['isPassing']> {
  const served = new Set([...running.values()].flat().flatMap((slot) => (slot?.state === 'ready' ? [keyOf(slot)] : [])))
  return (app, task, index, where) =>
    consul.isPassing(serviceName(app.id, index), registrationId(task, index)) ?? served.has(keyOf(where))
}
