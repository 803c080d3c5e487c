import type { NodeSummary } from '../../protocol/views.ts'
import { type NodeViewParts, summariesById } from '../api/node-views.ts'
import { oneAfterAnother } from '../one-after-another.ts'
import { throttled } from '../throttled.ts'

export interface NodeNewsParts extends NodeViewParts {
  /** Where work that nobody waits for tells of its failure. */
  failed: (error: unknown) => void
}

/** What happens to many nodes at once is looked at together. */
const togetherMs = 200

/** Tells of each node that stands otherwise than it was told last. */
export class NodeNews {
  readonly #parts: NodeNewsParts
  readonly #tell: (node: NodeSummary) => void
  /** By id, as JSON; undefined: nobody listens. */
  #known: Map<string, string> | undefined
  #due = new Set<string>()
  #isAllDue = false
  /** How nodes stood when the listening began is known. */
  #isBegun = false
  readonly #soon: () => void

  constructor(parts: NodeNewsParts, tell: (node: NodeSummary) => void) {
    this.#parts = parts
    this.#tell = tell
    const catchUp = oneAfterAnother(() => this.#catchUp())
    this.#soon = throttled(() => void catchUp().catch(parts.failed), togetherMs)
  }

  /** From now on: how nodes stand now is not told. */
  begin() {
    this.#known = new Map()
    this.#isBegun = false
    this.look()
  }

  stop() {
    this.#known = undefined
  }

  /** That node, or any, may stand otherwise now. */
  look(nodeId?: string) {
    if (!this.#known) return
    if (nodeId === undefined) this.#isAllDue = true
    else this.#due.add(nodeId)
    this.#soon()
  }

  async #catchUp() {
    const asked = this.#isAllDue ? undefined : [...this.#due]
    this.#due = new Set()
    this.#isAllDue = false
    const standing = await summariesById(this.#parts, asked)
    if (!this.#known) return
    for (const [id, node] of standing) {
      const text = JSON.stringify(node)
      if (this.#known.get(id) === text) continue
      this.#known.set(id, text)
      if (this.#isBegun) this.#tell(node)
    }
    this.#isBegun = true
    if (asked === undefined) await this.#tellGone(this.#known, standing)
  }

  async #tellGone(known: Map<string, string>, living: Map<string, NodeSummary>) {
    for (const [id, text] of known) {
      if (living.has(id)) continue
      known.delete(id)
      const node: NodeSummary = JSON.parse(text)
      const stored = await this.#parts.store.findNode(node.name)
      const state = stored?.id === id && stored.revokedAt === null ? 'archived' : 'revoked'
      this.#tell({ ...node, state, reason: null, connected: false })
    }
  }
}
