import type { Run } from '../../protocol/events.ts'
import { NodeState } from '../../protocol/views.ts'
import type { Catalogs, Wanted } from '../catalogs.ts'
import type { Happenings } from '../happenings.ts'
import type { Standing, Store } from '../store/store.ts'

export interface StateParts {
  store: Store
  catalogs: Catalogs
  happenings: Happenings
}

type LastRun = Pick<Run, 'outcome' | 'finishedAt'> & { waits: boolean }

/** How many nodes are in each state, kept as it happens: nobody counts ten thousand nodes to be asked for four numbers. */
export class NodeStates {
  readonly #parts: StateParts
  readonly #lastRuns = new Map<string, LastRun>()
  readonly #states = new Map<string, NodeState>()
  readonly #counts = new Map<NodeState, number>(NodeState.options.map((state) => [state, 0]))
  /** By cluster. */
  readonly #successes = new Map<string, number>()

  constructor(parts: StateParts) {
    this.#parts = parts
    const { catalogs, happenings } = parts
    catalogs.onChange((wanted) => this.#look(wanted))
    catalogs.onLook(() => this.#forget())
    happenings.on('run', ({ node: { id, cluster }, run }) => this.#ran(id, cluster, run))
  }

  /** With how the nodes stood when the server went. */
  async begin() {
    for (const [id, standing] of await this.#parts.store.readStandings()) {
      const { lastRun } = standing
      if (!lastRun) continue
      this.#lastRuns.set(id, { ...lastRun, waits: waitsIn(standing) })
      const cluster = this.#parts.catalogs.of(id)?.node.cluster
      if (cluster !== undefined) this.#succeeded(cluster, lastRun)
    }
    for (const wanted of this.#parts.catalogs.all()) this.#look(wanted)
  }

  counts(): ReadonlyMap<NodeState, number> {
    return this.#counts
  }

  /** When the last converge of each cluster that did not fail ended. */
  successes(): ReadonlyMap<string, number> {
    return this.#successes
  }

  #ran(id: string, cluster: string, run: Run) {
    if (run.mode !== 'converge') return
    this.#succeeded(cluster, run)
    // A report from a spool may come late: it is history, but not how the node stands.
    if (run.finishedAt < (this.#lastRuns.get(id)?.finishedAt ?? 0)) return
    this.#lastRuns.set(id, { outcome: run.outcome, finishedAt: run.finishedAt, waits: waitsIn(run) })
    const wanted = this.#parts.catalogs.of(id)
    if (wanted) this.#look(wanted)
  }

  #succeeded(cluster: string, { outcome, finishedAt }: Pick<Run, 'outcome' | 'finishedAt'>) {
    if (outcome === 'failed' || outcome === 'interrupted') return
    this.#successes.set(cluster, Math.max(finishedAt, this.#successes.get(cluster) ?? 0))
  }

  #look({ node: { id }, compiled }: Wanted) {
    this.#turn(id, compiled.status === 'compiled' ? stateAfter(this.#lastRuns.get(id)) : compiled.status)
  }

  #turn(id: string, state: NodeState | undefined) {
    const before = this.#states.get(id)
    if (before === state) return
    if (before) this.#counts.set(before, (this.#counts.get(before) ?? 0) - 1)
    if (state) this.#states.set(id, state)
    else this.#states.delete(id)
    if (state) this.#counts.set(state, (this.#counts.get(state) ?? 0) + 1)
  }

  /** Nodes that were revoked. */
  #forget() {
    for (const id of this.#states.keys()) {
      if (this.#parts.catalogs.of(id)) continue
      this.#turn(id, undefined)
      this.#lastRuns.delete(id)
    }
  }
}

function waitsIn({ waits = {} }: Pick<Run, 'waits'> | Standing) {
  return Object.keys(waits).length > 0
}

/** As the API says of a node that has a catalog. */
function stateAfter(run: LastRun | undefined): NodeState {
  if (!run) return 'new'
  const isBroken = run.outcome === 'failed' || run.outcome === 'interrupted'
  return run.waits && !isBroken ? 'pending' : run.outcome
}
