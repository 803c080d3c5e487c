import type { ResourceId } from '../../protocol/catalog.ts'
import { ProbeWays } from '../../protocol/probe.ts'
import type { AgentMessage } from '../../protocol/messages.ts'
import type { Host } from '../../resources/host.ts'
import { attempt } from '../../resources/system/probes.ts'
import type { Prepared } from '../runs/prepare.ts'

/** How often a probe is asked: a command costs a process. */
const everyMs = { connection: 2000, command: 15_000 }
const longestMs = 2000
/** What is told of a trouble at most. */
const mostText = 500

interface Asked {
  id: ResourceId
  ways: ProbeWays
}

/** How the probes of the catalog are, asked all the time as long as there is a server to hear of it. */
export class Health {
  readonly #host: Pick<Host, 'run'>
  readonly #changed: () => void
  #probes: Asked[] = []
  readonly #known = new Map<ResourceId, string | null>()
  #asking = new AbortController()
  #send: ((message: AgentMessage) => void) | undefined
  #told = ''

  /** `changed` is called when a probe is another than before. */
  constructor(host: Pick<Host, 'run'>, changed: () => void) {
    this.#host = host
    this.#changed = changed
  }

  connected(send: ((message: AgentMessage) => void) | undefined) {
    this.#send = send
    this.#told = ''
    this.#begin()
  }

  /** From now on these. */
  follow(prepared: Prepared[]) {
    const probes = prepared.flatMap(({ id, type, want }) => {
      const ways = type.type === 'probe' ? waysOf(want) : undefined
      return ways ? [{ id, ways }] : []
    })
    if (JSON.stringify(probes) === JSON.stringify(this.#probes)) return
    this.#probes = probes
    for (const id of this.#known.keys()) if (!probes.some((one) => one.id === id)) this.#known.delete(id)
    this.#begin()
  }

  /** Asks all of them again. */
  anew() {
    this.#known.clear()
    this.#begin()
  }

  isWell(id: ResourceId) {
    return this.#known.get(id) === null
  }

  #note(id: ResourceId, trouble: string | null) {
    const text = trouble?.slice(0, mostText) ?? null
    const isNews = (this.#known.get(id) === null) !== (text === null) || !this.#known.has(id)
    this.#known.set(id, text)
    if (!isNews || this.#known.size < this.#probes.length) return
    this.#tell()
    this.#changed()
  }

  close() {
    this.#asking.abort()
  }

  #begin() {
    this.#asking.abort()
    this.#asking = new AbortController()
    if (!this.#send) return
    this.#tell()
    for (const one of this.#probes) this.#ask(one, this.#asking.signal)
  }

  #ask({ id, ways }: Asked, signal: AbortSignal) {
    const again = async () => {
      const trouble = await attempt(ways, longestMs, this.#host)
      if (signal.aborted) return
      this.#note(id, trouble ?? null)
      setTimeout(() => void (signal.aborted || again()), ways.command ? everyMs.command : everyMs.connection).unref()
    }
    void again()
  }

  // Half a picture could be taken for the whole.
  #tell() {
    if (!this.#send || this.#known.size < this.#probes.length) return
    const probes = Object.fromEntries([...this.#known].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    const text = JSON.stringify(probes)
    if (text === this.#told) return
    this.#told = text
    this.#send({ type: 'health', probes })
  }
}

/** Undefined for one that this agent cannot read: it fails in each run, and is not well to anybody. */
function waysOf(want: unknown) {
  const { success, data } = ProbeWays.loose().safeParse(want)
  return success ? { tcp: data.tcp, http: data.http, command: data.command } : undefined
}
