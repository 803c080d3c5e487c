import type { NodeSummary } from '../../protocol/views.ts'
import { type NodeViewParts, summariesOf } from '../api/node-views.ts'
import { oneAfterAnother } from '../one-after-another.ts'
import { throttled } from '../throttled.ts'

export interface NodeNewsParts extends NodeViewParts {
  /** Where work that nobody waits for tells of its failure. */
  failed: (error: unknown) => void
}

/** What happens to many nodes at once is looked at together. */
const togetherMs = 200

/** Tells of each node that stands otherwise than it was told last. */
export function createNodeNews(parts: NodeNewsParts, tell: (node: NodeSummary) => void) {
  /** By id, as JSON; undefined: nobody listens. */
  let known: Map<string, string> | undefined
  let due = new Set<string>()
  let isAllDue = false

  const catchUp = oneAfterAnother(async () => {
    const asked = isAllDue ? undefined : [...due]
    due = new Set()
    isAllDue = false
    const standing = await summariesOf(parts, asked)
    for (const [id, node] of standing) tellIfNew(id, node)
    if (asked === undefined && known) tellGone(known, standing)
  })
  const soon = throttled(() => void catchUp().catch(parts.failed), togetherMs)

  function tellIfNew(id: string, node: NodeSummary) {
    const text = JSON.stringify(node)
    if (!known || known.get(id) === text) return
    known.set(id, text)
    tell(node)
  }

  function tellGone(before: Map<string, string>, living: Map<string, NodeSummary>) {
    for (const [id, text] of before) {
      if (living.has(id)) continue
      before.delete(id)
      const node: NodeSummary = JSON.parse(text)
      tell({ ...node, state: 'revoked', reason: null, connected: false })
    }
  }

  return {
    /** From now on, beginning with how nodes stand now. */
    async begin() {
      const standing = await summariesOf(parts)
      known = new Map([...standing].map(([id, node]) => [id, JSON.stringify(node)]))
    },
    stop() {
      known = undefined
    },
    /** That node, or any, may stand otherwise now. */
    look(nodeId?: string) {
      if (!known) return
      if (nodeId === undefined) isAllDue = true
      else due.add(nodeId)
      soon()
    },
  }
}
