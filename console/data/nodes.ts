import type { NodeSummary } from '../../protocol/views.ts'
import type { IconName } from '../parts/icon.tsx'
import type { Tone } from '../status.ts'

export interface Facet {
  label: string
  tone: Tone
  icon: IconName
  has: (node: NodeSummary) => boolean
  /** Offered only where there are such nodes. */
  rare?: boolean
}

/** What the tiles of the fleet and the filters of the nodes ask for. */
export const facets: Record<string, Facet> = {
  converged: { label: 'Converged', tone: 'good', icon: 'check', has: ({ state }) => state === 'unchanged' },
  changed: { label: 'Changed', tone: 'news', icon: 'changed', has: ({ state }) => state === 'changed' },
  failed: { label: 'Failed', tone: 'bad', icon: 'failed', has: ({ state }) => failures.has(state) },
  drifting: { label: 'Drifting', tone: 'warn', icon: 'drift', has: ({ lastRun }) => (lastRun?.drift ?? 0) > 0 },
  pending: { label: 'Pending', tone: 'wait', icon: 'wait', has: ({ state }) => state === 'pending' },
  behind: { label: 'Behind', tone: 'wait', icon: 'history', has: ({ behind }) => behind },
  owing: { label: 'Owing', tone: 'wait', icon: 'orders', rare: true, has: ({ owed }) => owed.length > 0 },
  disabled: {
    label: 'Disabled',
    tone: 'calm',
    icon: 'stop',
    rare: true,
    has: ({ disabled }) => disabled !== undefined,
  },
  offline: { label: 'Offline', tone: 'calm', icon: 'offline', has: ({ connected }) => !connected },
}

const failures = new Set<NodeSummary['state']>(['failed', 'interrupted', 'error'])

export interface NodeQuery {
  text?: string | undefined
  facet?: string | undefined
  role?: string | undefined
  cluster?: string | undefined
}

export function selectNodes(nodes: NodeSummary[], { text = '', facet, role, cluster }: NodeQuery) {
  const has = facet === undefined ? undefined : facets[facet]?.has
  const wanted = text.toLowerCase()
  return nodes.filter(
    (node) =>
      (!wanted || [node.name, node.address ?? ''].some((one) => one.toLowerCase().includes(wanted))) &&
      (!has || has(node)) &&
      (!role || node.roles.includes(role)) &&
      (!cluster || node.cluster === cluster),
  )
}

/** `name`, and `-lastRun` for the other way round. */
export function sortNodes(nodes: NodeSummary[], sort = 'name') {
  return nodes.toSorted(orderOf(sort))
}

/** How many nodes each facet has. */
export function countFacets(nodes: NodeSummary[]) {
  return Object.fromEntries(Object.entries(facets).map(([name, { has }]) => [name, nodes.filter(has).length]))
}

const keys: Record<string, (node: NodeSummary) => string | number> = {
  name: ({ name }) => name,
  state: ({ state }) => state,
  cluster: ({ cluster }) => cluster,
  lastRun: ({ lastRun }) => lastRun?.finishedAt ?? 0,
}

/** `localeCompare` would make such a comparer for each comparison. */
const { compare } = new Intl.Collator()

function orderOf(sort: string) {
  const [sign, field] = sort.startsWith('-') ? [-1, sort.slice(1)] : [1, sort]
  const keyOf = keys[field] ?? (({ name }: NodeSummary) => name)
  return (one: NodeSummary, other: NodeSummary) => {
    const [a, b] = [keyOf(one), keyOf(other)]
    return sign * (typeof a === 'number' && typeof b === 'number' ? a - b : compare(String(a), String(b)))
  }
}
