import { api } from '../protocol/api.ts'
import type { StoredRun } from '../protocol/views.ts'
import type { Client } from './api-client.ts'

/** So much later than its run ended a report may come that others, told before, do not hide it. */
const latenessMs = 10 * 60_000

/** Which runs ended since the watching began, so that each is told once, and those too that ended while no server told of them. */
export class EndedRuns {
  readonly #client: Client
  readonly #node: string | undefined
  /** When each ended that was told, in the order of telling. */
  readonly #told = new Map<string, number>()
  /** The newest one when the watching began; undefined until then. */
  #first: { id?: string; finishedAt: number } | undefined
  #newest = 0

  /** Of that node, or of all. */
  constructor(client: Client, node: string | undefined) {
    this.#client = client
    this.#node = node
  }

  /** Whether nobody was told of it yet; from now on it is. */
  take({ id, finishedAt }: StoredRun) {
    if (this.#told.has(id)) return false
    this.#told.set(id, finishedAt)
    this.#newest = Math.max(this.#newest, finishedAt)
    this.#forget()
    return true
  }

  /** Those that ended without a word since this was asked last, oldest first; the first time none, since nobody watched before. */
  async missed(): Promise<StoredRun[]> {
    if (!this.#first) {
      const [last] = await this.#client.list(api.listRuns, { node: this.#node }, 1)
      this.#first = last ?? { finishedAt: 0 }
      return []
    }
    const { id, finishedAt } = this.#first
    const from = Math.max(finishedAt, this.#newest - latenessMs)
    const runs = await this.#client.list(api.listRuns, { node: this.#node, from })
    return runs.toReversed().filter((run) => run.id !== id && this.take(run))
  }

  /** What no server tells of again: a watch goes on for weeks. */
  #forget() {
    for (const [id, finishedAt] of this.#told) {
      if (finishedAt >= this.#newest - latenessMs) return
      this.#told.delete(id)
    }
  }
}
