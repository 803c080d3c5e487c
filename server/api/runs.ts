import type { Store } from '../store/store.ts'
import type { ApiParts, Handlers } from './call.ts'
import type { Caller } from './caller.ts'
import { ApiFault } from './fault.ts'
import { findNode } from './find.ts'

export function runHandlers(parts: ApiParts): Pick<Handlers, 'listRuns' | 'readRun'> {
  const { store } = parts
  return {
    async listRuns(filter, caller) {
      if (filter.node !== undefined) await findNode(parts, caller, filter.node)
      if (filter.after !== undefined && (await store.findRunsByPrefix(filter.after, caller.clusters)).length === 0)
        throw unknownRun(filter.after)
      return store.findRuns({ ...filter, ...(caller.clusters !== 'all' && { clusters: caller.clusters }) })
    },
    async readRun({ id }, caller) {
      const run = await findRun(store, caller, id)
      return { run, events: await store.readEvents(run.id) }
    },
  }
}

/** The one run whose id begins so, of those that the caller sees. */
export async function findRun(store: Store, { clusters }: Caller, id: string) {
  const [run, second] = await store.findRunsByPrefix(id, clusters)
  if (!run) throw unknownRun(id)
  if (second && run.id !== id)
    throw new ApiFault(
      'ambiguous-run',
      `Several runs begin with ${id}, such as ${run.id} and ${second.id}. Give more of it.`,
    )
  return run
}

function unknownRun(id: string) {
  return new ApiFault('unknown-run', `There is no run ${id}. trivet run list shows the last ones.`)
}
