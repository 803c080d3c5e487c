import type { FeedEvent } from '../../protocol/api/feed.ts'
import { statesOf } from '../../protocol/views.ts'
import type { Happenings } from '../happenings.ts'
import type { Watcher } from '../orders/watching.ts'
import { Tape } from './tape.ts'
import type { UnderWay } from './under-way.ts'
import { NodeNews, type NodeNewsParts } from './node-news.ts'

/** As much as a slow reader may be behind, and no more, is kept for who comes back. */
const tapeSize = 2 * 1024 * 1024
/** How long after the last watcher went the tape goes on: a page that is loaded again, a connection that is lost. */
const lingerMs = 60_000

export interface FeedParts extends NodeNewsParts {
  happenings: Happenings
  underWay: UnderWay
}

type Without<Said> = Said extends FeedEvent ? Omit<Said, 'id'> : never
type Say = (clusters: string[], said: Without<FeedEvent>) => void

interface Told {
  /** Whose affair it is. */
  clusters: string[]
  event: FeedEvent
}

interface Asked {
  after: string | undefined
  /** Asked with the clusters that an event is about. */
  mayHear: (clusters: string[]) => boolean
}

/** Tells whoever watches the fleet what happens in it. While nobody does, it costs nothing. */
export class Feed {
  readonly #tape = new Tape<Told>(tapeSize)
  /** With what ends each. */
  readonly #watchers = new Map<(told: Told) => void, () => void>()
  readonly #news: NodeNews
  readonly #underWay: UnderWay
  #asleep: NodeJS.Timeout | 'asleep' | undefined = 'asleep'

  constructor(parts: FeedParts) {
    this.#underWay = parts.underWay
    this.#news = new NodeNews(parts, (node) => this.#say([node.cluster], { type: 'node', node }))
    listen(
      parts,
      (clusters, said) => this.#say(clusters, said),
      (nodeId) => this.#news.look(nodeId),
    )
  }

  /** Gives back how to stop. */
  watch({ after, mayHear }: Asked, watcher: Watcher<FeedEvent>) {
    if (this.#asleep === 'asleep') this.#news.begin()
    else clearTimeout(this.#asleep)
    this.#asleep = undefined
    const tell = ({ clusters, event }: Told) => (mayHear(clusters) ? watcher.next(event) : undefined)
    const missed = after === undefined ? undefined : this.#tape.after(after)
    if (missed) for (const told of missed) tell(told)
    else this.#tellAnew(mayHear, watcher)
    this.#watchers.set(tell, () => watcher.end())
    return () => {
      this.#watchers.delete(tell)
      if (this.#watchers.size > 0 || this.#asleep) return
      this.#asleep = setTimeout(() => this.#sleep(), lingerMs).unref()
    }
  }

  #tellAnew(mayHear: Asked['mayHear'], watcher: Watcher<FeedEvent>) {
    const { id } = this.#tape
    const underWay = this.#underWay.all().filter(({ node }) => mayHear([node.cluster]))
    watcher.next({ id, type: 'reset', runs: underWay.map(({ run }) => run) })
    for (const { node, ...doing } of underWay) watcher.next({ id, type: 'progress', node: node.name, ...doing })
  }

  close() {
    for (const end of this.#watchers.values()) end()
    if (this.#asleep !== 'asleep') clearTimeout(this.#asleep)
    this.#sleep()
  }

  #say(clusters: string[], said: Without<FeedEvent>) {
    if (this.#asleep === 'asleep') return
    const told = this.#tape.append((id) => ({ clusters, event: { id, ...said } }))
    for (const tell of this.#watchers.keys()) tell(told)
  }

  #sleep() {
    this.#asleep = 'asleep'
    this.#tape.clear()
    this.#news.stop()
  }
}

/** What happens is told as it happens; how nodes stand after it, a moment later. */
function listen({ happenings, catalogs }: FeedParts, say: Say, look: (nodeId?: string) => void) {
  happenings.on('connected', ({ id }) => look(id))
  happenings.on('gone', ({ id }) => look(id))
  happenings.on('run', ({ node: { id, name, cluster }, run }) => {
    say([cluster], { type: 'run', run: { ...run, node: name, receivedAt: run.finishedAt } })
    look(id)
  })
  happenings.on('order', ({ targets, ...order }) => {
    const names = new Set(targets.map(({ node }) => node))
    const theirs = catalogs.all().filter(({ node }) => names.has(node.name))
    say([...new Set(theirs.map(({ node }) => node.cluster))], {
      type: 'order',
      order: { ...order, states: statesOf(targets) },
    })
  })
  happenings.on('target', ({ order, node, target }) => {
    const cluster = catalogs.of(node)?.node.cluster
    say(cluster === undefined ? [] : [cluster], { type: 'target', order, target })
  })
  happenings.on('progress', ({ node, ...progress }) =>
    say([node.cluster], { type: 'progress', node: node.name, ...progress }),
  )
  catalogs.onLook(() => look())
}
