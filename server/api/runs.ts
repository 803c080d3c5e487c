import type { Store } from '../store/store.ts'
import type { ApiParts, Handlers } from './call.ts'
import type { Caller } from './caller.ts'
import { ApiFault } from './fault.ts'
import { findNode } from './find.ts'
import { keyAfter, pageFrom } from './pages.ts'

export function runHandlers(parts: ApiParts): Pick<Handlers, 'listRuns' | 'readRun'> {
  const { store } = parts
  return {
    async listRuns(filter, caller) {
      if (filter.node !== undefined) await findNode(parts, caller, filter.node)
      const [after] = keyAfter(filter, ['']) ?? []
      const { sort: _, ...wanted } = filter
      const { clusters } = caller
      const rows = await store.findRuns({ ...wanted, clusters, after: after?.toString(), limit: filter.limit + 1 })
      return pageFrom(rows, filter, ({ id }) => [id])
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
