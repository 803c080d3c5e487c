import { useMemo, useRef } from 'preact/hooks'
import type { z } from 'zod'
import { api } from '../../protocol/api.ts'
import type { NodeSummary } from '../../protocol/views.ts'
import { useNews } from './news.ts'
import { readList, useCall } from './use-call.ts'

export type NodesAsked = Omit<z.input<typeof api.listNodes.input>, 'limit' | 'after' | 'skip'>

/** What the URL may ask to sort by. */
export const NodeSort = api.listNodes.input.shape.sort.unwrap()

export const pageSize = 50
/** In ten thousand nodes something happens all the time. */
const settleMs = 1000

/**
 * A page of nodes, each as it stands now: what is told of one that is shown is put in its place. What is told of another may
 * have come into the page or gone from it, so then the page is asked for anew.
 */
export function useNodes(asked: NodesAsked, number: number) {
  const input = { ...asked, limit: pageSize, skip: (number - 1) * pageSize }
  const shown = useRef<ReadonlySet<string>>(new Set())
  const { value, ...called } = useCall(api.listNodes, input, {
    live: (event) =>
      event.type === 'node' && !(isByNameAlone(asked) && isListed(event.node) && shown.current.has(event.node.name)),
    settleMs,
  })
  shown.current = useMemo(() => new Set(value?.items.map(({ name }) => name)), [value])
  const news = useNews((event) => (event.type === 'node' ? [event.node.name, event.node] : undefined))
  const nodes = useMemo(() => value?.items.map((node) => news.get(node.name) ?? node).filter(isListed), [value, news])
  return { nodes, total: value?.total, ...called }
}

/** No other page would be asked for whatever is told of its nodes. */
function isByNameAlone({ sort = 'name', ...filters }: NodesAsked) {
  return /^-?name$/.test(sort) && Object.values(filters).every((filter) => !filter)
}

function isListed({ state }: NodeSummary) {
  return state !== 'revoked' && state !== 'archived'
}

/** The names of all that the filters let through, on every page. */
export async function readNames(asked: NodesAsked) {
  return (await readList(api.listNodes, asked)).map(({ name }) => name)
}
