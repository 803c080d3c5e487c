import type { Run } from '../../protocol/events.ts'
import type { Standing, Store } from '../store/store.ts'

/** What a node's last converge came to. */
type Converged = Pick<Standing, 'owed' | 'catalog' | 'waits'> & { finishedAt: number }

/** The last converge of each node, as the store has it, in memory. */
export class Progress {
  readonly #last = new Map<string, Converged>()

  async load(store: Store) {
    for (const [id, { lastRun, ...standing }] of await store.readStandings())
      if (lastRun) this.#keep(id, { ...standing, ...lastRun })
  }

  of(nodeId: string) {
    return this.#last.get(nodeId)
  }

  reported(nodeId: string, run: Run) {
    if (run.mode === 'converge') this.#keep(nodeId, { ...run, waits: run.waits ?? {} })
  }

  /** A report from a spool may come late. One that was interrupted goes on in the next run. */
  #keep(nodeId: string, { finishedAt, owed, catalog, waits, outcome }: Converged & Pick<Run, 'outcome'>) {
    const before = this.#last.get(nodeId)
    if (before && before.finishedAt > finishedAt) return
    this.#last.set(nodeId, { finishedAt, owed, waits, catalog: outcome === 'interrupted' ? null : catalog })
  }
}
