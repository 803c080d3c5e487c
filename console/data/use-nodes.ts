import { useEffect, useMemo } from 'preact/hooks'
import { api } from '../../protocol/api.ts'
import type { NodeSummary } from '../../protocol/views.ts'
import { type Called, useList } from './use-call.ts'
import { useNews } from './news.ts'

/** All nodes, each as it stands now: of ten thousand those that changed are put in place, and the rest is not read again. */
export function useNodes(): Called<NodeSummary[]> {
  const { value, ...called } = useList(api.listNodes, {}, { live: () => false, asItComes: true })
  const news = useNews((event) => (event.type === 'node' ? [event.node.name, event.node] : undefined))
  const nodes = useMemo(() => value?.map((node) => news.get(node.name) ?? node).filter(isListed), [value, news])
  const { reload, isWhole } = called
  const isStrange = useMemo(() => isWhole && hasOther(value, news), [value, news, isWhole])
  useEffect(() => {
    if (isStrange) reload()
  }, [isStrange, reload])
  return { value: nodes, ...called }
}

function isListed({ state }: NodeSummary) {
  return state !== 'revoked' && state !== 'archived'
}

/** Whether there is news of a node that was not in the list: it has joined, or has another name now. */
function hasOther(nodes: NodeSummary[] | undefined, news: ReadonlyMap<string, NodeSummary>) {
  if (!nodes || news.size === 0) return false
  const known = new Set(nodes.map(({ name }) => name))
  return [...news.values()].some((node) => isListed(node) && !known.has(node.name))
}
