import type { LeaseView } from '../../protocol/views.ts'
import { suggest } from '../suggest.ts'
import type { ApiParts, Handlers } from './call.ts'
import { ApiFault } from './fault.ts'
import { findLivingNode } from './find.ts'
import { pageAmong } from './pages.ts'

export function leaseHandlers(parts: ApiParts): Pick<Handlers, 'listLeases' | 'releaseLease'> {
  const { leases } = parts
  return {
    async listLeases({ cluster, group, state, ...page }, caller) {
      const isAsked = (one: LeaseView) =>
        caller.sees(one.cluster) &&
        (cluster === undefined || one.cluster === cluster) &&
        (group === undefined || one.group === group) &&
        (state === undefined || one.state === state)
      return pageAmong(leases.list().filter(isAsked), page, keyOf)
    },
    async releaseLease({ group, node }, caller) {
      const { id } = await findLivingNode(parts, caller, node)
      const lease = await leases.release(id, group, caller.by)
      if (lease) return { group, node, fence: lease.fence }
      const held = leases.list(id).filter(({ state }) => state === 'held')
      const groups = held.map((one) => one.group)
      throw new ApiFault('unknown-lease', `Node ${node} holds no lease of group ${group}. ${suggest(group, groups)}`)
    },
  }
}

/** By cluster and group those that are held come first. */
function keyOf({ cluster, group, state, node, since }: LeaseView, field: string) {
  return field === 'since' ? [since, cluster, group, node] : [cluster, group, state, since, node]
}
