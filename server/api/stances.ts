import type { StanceKind } from '../store/store.ts'
import type { Stance } from '../../protocol/views.ts'
import type { ApiParts, Handlers } from './call.ts'
import type { Caller } from './caller.ts'
import { ApiFault } from './fault.ts'
import { findLivingNode } from './find.ts'
import { summariesById } from './node-views.ts'

type StanceCalls = 'disableNodes' | 'enableNodes' | 'auditNodes' | 'enforceNodes'

export function stanceHandlers(parts: ApiParts): Pick<Handlers, StanceCalls> {
  return {
    async disableNodes({ nodes, reason, until }, caller) {
      if (until !== undefined && until <= caller.by.at)
        throw new ApiFault('bad-input', `until: ${new Date(until).toISOString()} is over already.`)
      return treat(parts, nodes, 'disabled', { reason, until }, caller)
    },
    enableNodes: ({ nodes }, caller) => treat(parts, nodes, 'disabled', null, caller),
    auditNodes: ({ nodes, reason }, caller) => treat(parts, nodes, 'audit', { reason }, caller),
    enforceNodes: ({ nodes }, caller) => treat(parts, nodes, 'audit', null, caller),
  }
}

/** All of the nodes, or none where one of them is not there. */
async function treat(
  parts: ApiParts,
  names: string[],
  kind: StanceKind,
  stance: Pick<Stance, 'reason' | 'until'> | null,
  caller: Caller,
) {
  const nodes = await Promise.all(names.map((name) => findLivingNode(parts, caller, name)))
  await Promise.all(nodes.map(({ id }) => parts.store.setStance(id, kind, stance, caller.by)))
  await parts.catalogs.refresh()
  const ids = nodes.map(({ id }) => id)
  return [...(await summariesById(parts, ids)).values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
