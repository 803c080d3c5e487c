import type { ResourceEvent } from '../../protocol/events.ts'
import type { Happenings } from '../happenings.ts'
import type { Node } from '../store/store.ts'

/** As much of what runs under way have done is kept, for who begins to watch. */
const mostKept = 4 * 1024 * 1024

export interface Doing {
  node: Node
  run: string
  orders: string[]
  done: number
  total: number
  /** Of the run so far; of a piece of news, only what is new. */
  events: ResourceEvent[]
}

/** What the runs that are under way have done so far, for who begins to watch in the midst of them. */
export class UnderWay {
  /** A node runs one at a time. */
  readonly #byNode = new Map<string, Doing & { size: number }>()
  readonly #most: number
  #size = 0

  /** `most`: characters of JSON; events of what would be more are not kept. */
  constructor(most: number) {
    this.#most = most
  }

  add({ events, ...doing }: Doing) {
    const { id } = doing.node
    if (this.#byNode.get(id)?.run !== doing.run) this.forget(id)
    const known = this.#byNode.get(id) ?? { events: [], size: 0 }
    const size = events.length === 0 ? 0 : JSON.stringify(events).length
    const kept = this.#size + size <= this.#most ? { events, size } : { events: [], size: 0 }
    this.#size += kept.size
    this.#byNode.set(id, { ...doing, events: [...known.events, ...kept.events], size: known.size + kept.size })
  }

  /** The node has gone, or that run of it is over. */
  forget(nodeId: string, run?: string) {
    const known = this.#byNode.get(nodeId)
    if (!known || (run !== undefined && known.run !== run)) return
    this.#size -= known.size
    this.#byNode.delete(nodeId)
  }

  /** Those that answer that order. */
  of(order: string) {
    return this.all().filter(({ orders }) => orders.includes(order))
  }

  all(): Doing[] {
    return [...this.#byNode.values()].map(({ size: _size, ...doing }) => doing)
  }
}

/** From now on what runs do is kept, as long as they are under way. */
export function keepUnderWay(happenings: Happenings) {
  const underWay = new UnderWay(mostKept)
  happenings.on('progress', (doing) => underWay.add(doing))
  happenings.on('run', ({ node, run }) => underWay.forget(node.id, run.id))
  happenings.on('gone', ({ id }) => underWay.forget(id))
  return underWay
}
