import { maxPage } from '../../protocol/api/page.ts'
import type { Activity, Failure, FleetView } from '../../protocol/history.ts'
import { nodeIs, type NodeWord } from '../../protocol/node-words.ts'
import type { NodeSummary, StoredRun } from '../../protocol/views.ts'
import type { Store } from '../store/store.ts'
import type { ApiParts, Handlers } from './call.ts'
import type { Caller } from './caller.ts'
import { findNode } from './find.ts'
import { summariesOf } from './node-views.ts'

const hourMs = 3600 * 1000
const dayMs = 24 * hourMs
/** As many as one looks at at a glance. */
const fewFailures = 10
const fewFailedBefore = 5

export function fleetHandlers(parts: ApiParts): Pick<Handlers, 'readFleet' | 'readActivity'> {
  const { store, clock } = parts
  return {
    async readFleet({ cluster, days }, caller) {
      const at = clock()
      const clusters = clustersOf(caller, cluster)
      const nodes = summariesOf(parts, caller).then((all) => all.filter((node) => !cluster || node.cluster === cluster))
      const from = at - (at % dayMs) - (days - 1) * dayMs
      const [found, activity, orders, failed] = await Promise.all([
        nodes,
        store.readActivity({ clusters, mode: 'converge', from }),
        store.listOrders({ open: true, clusters, limit: maxPage }),
        store.findRuns({ clusters, mode: 'converge', outcome: 'failed', limit: fewFailedBefore }),
      ])
      const failures = await failuresOf(found, failed, store)
      return { at, ...countsOf(found), days: daysOf(activity, from, days), failures, orders }
    },
    async readActivity({ node, cluster, mode, from = clock() - 7 * dayMs, to }, caller) {
      const id = node === undefined ? undefined : (await findNode(parts, caller, node)).id
      const clusters = clustersOf(caller, cluster)
      // The hour that is cut off is told as a whole.
      return store.readActivity({ node: id, clusters, mode, from: from - (from % hourMs), to })
    },
  }
}

/** The one that was asked for, or all that the caller sees. */
function clustersOf({ clusters, requireCluster }: Caller, asked: string | undefined) {
  if (asked === undefined) return clusters === 'all' ? undefined : clusters
  requireCluster(asked)
  return [asked]
}

function countsOf(nodes: NodeSummary[]) {
  const states: FleetView['states'] = {}
  for (const { state } of nodes) states[state] = (states[state] ?? 0) + 1
  const count = (word: NodeWord) => nodes.filter(nodeIs[word]).length
  return {
    nodes: nodes.length,
    states,
    offline: count('offline'),
    drifting: count('drifting'),
    behind: count('behind'),
    owing: count('owing'),
    disabled: count('disabled'),
    audited: count('audited'),
  }
}

/** Days without a run are there too, so that a plot needs no thought. */
function daysOf(activity: Activity[], from: number, count: number) {
  const days: FleetView['days'] = Array.from({ length: count }, (_, index) => ({
    day: from + index * dayMs,
    runs: {},
    drifted: 0,
  }))
  for (const { hour, outcome, runs, drifted } of activity) {
    const day = days[Math.floor((hour - from) / dayMs)]
    if (!day) continue
    day.runs[outcome] = (day.runs[outcome] ?? 0) + runs
    day.drifted += drifted
  }
  return days
}

async function failuresOf(nodes: NodeSummary[], failed: StoredRun[], store: Store) {
  const last = nodes.flatMap(({ name, state, lastRun }) =>
    lastRun && (state === 'failed' || state === 'interrupted') ? [{ node: name, ...lastRun, still: true }] : [],
  )
  const failing = new Set(last.map(({ node }) => node))
  const before = failed.filter(({ node }) => !failing.has(node)).map((run) => ({ ...run, still: false }))
  const newest = last.toSorted((a, b) => b.finishedAt - a.finishedAt).slice(0, fewFailures)
  return Promise.all(
    [...newest, ...before].map(async ({ node, id, finishedAt, outcome, still }): Promise<Failure> => {
      const [[run], events] = await Promise.all([store.findRunsByPrefix(id), store.readEvents(id)])
      const first = events.find((event) => event.outcome === 'failed' && !event.ignored)
      const error = first?.outcome === 'failed' ? first.error : (run?.error ?? null)
      return { node, still, run: id, finishedAt, outcome, resource: first?.id ?? null, error }
    }),
  )
}
