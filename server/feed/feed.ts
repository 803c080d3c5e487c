import type { FeedEvent } from '../../protocol/api/feed.ts'
import type { OrderSummary } from '../../protocol/views.ts'
import type { Happenings } from '../happenings.ts'
import type { Watcher } from '../orders/watching.ts'
import { Tape } from './tape.ts'
import { createNodeNews, type NodeNewsParts } from './node-news.ts'

/** As much as a slow reader may be behind, and no more, is kept for who comes back. */
const tapeSize = 2 * 1024 * 1024
/** How long after the last watcher went the tape goes on: a page that is loaded again, a connection that is lost. */
const lingerMs = 60_000

export interface FeedParts extends NodeNewsParts {
  happenings: Happenings
}

type Without<Said> = Said extends FeedEvent ? Omit<Said, 'id'> : never
type Say = (clusters: string[], said: Without<FeedEvent>) => void

interface Told {
  /** Whose affair it is. */
  clusters: string[]
  event: FeedEvent
}

export interface Feed {
  /** `mayHear` is asked with the clusters that an event is about. Gives back how to stop. */
  watch(
    asked: { after: string | undefined; mayHear: (clusters: string[]) => boolean },
    watcher: Watcher<FeedEvent>,
  ): () => void
  close(): void
}

/** Tells whoever watches the fleet what happens in it. While nobody does, it costs nothing. */
export function createFeed(parts: FeedParts): Feed {
  const tape = new Tape<Told>(tapeSize)
  const watchers = new Map<(told: Told) => void, () => void>()
  let asleep: NodeJS.Timeout | 'asleep' | undefined = 'asleep'

  const say: Say = (clusters, said) => {
    if (asleep === 'asleep') return
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an Omit of a union and its id are the union again
    const told = tape.append((id) => ({ clusters, event: { id, ...said } as FeedEvent }))
    for (const tell of watchers.keys()) tell(told)
  }
  const news = createNodeNews(parts, (node) => say([node.cluster], { type: 'node', node }))
  listen(parts, say, news.look)

  function sleep() {
    asleep = 'asleep'
    tape.clear()
    news.stop()
  }

  return {
    watch({ after, mayHear }, { next, end }) {
      if (asleep === 'asleep') void news.begin().catch(parts.failed)
      else clearTimeout(asleep)
      asleep = undefined
      const tell = ({ clusters, event }: Told) => (mayHear(clusters) ? next(event) : undefined)
      const missed = after === undefined ? undefined : tape.after(after)
      if (missed) for (const told of missed) tell(told)
      else next({ id: tape.id, type: 'reset' })
      watchers.set(tell, end)
      return () => {
        watchers.delete(tell)
        if (watchers.size > 0 || asleep) return
        asleep = setTimeout(sleep, lingerMs).unref()
      }
    },
    close: () => {
      for (const end of watchers.values()) end()
      if (asleep !== 'asleep') clearTimeout(asleep)
      sleep()
    },
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
    const states: OrderSummary['states'] = {}
    for (const { state } of targets) states[state] = (states[state] ?? 0) + 1
    const names = new Set(targets.map(({ node }) => node))
    const theirs = catalogs.all().filter(({ node }) => names.has(node.name))
    say([...new Set(theirs.map(({ node }) => node.cluster))], { type: 'order', order: { ...order, states } })
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
