import { suggest } from '../suggest.ts'
import type { ApiParts, Handlers } from './call.ts'
import { ApiFault } from './fault.ts'
import { findLivingNode } from './find.ts'

export function leaseHandlers(parts: ApiParts): Pick<Handlers, 'listLeases' | 'releaseLease'> {
  const { leases } = parts
  return {
    async listLeases({ cluster, group }, caller) {
      const isAsked = (one: { cluster: string; group: string }) =>
        caller.sees(one.cluster) &&
        (cluster === undefined || one.cluster === cluster) &&
        (group === undefined || one.group === group)
      return leases.list().filter(isAsked)
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
