import type { StanceKind, By } from '../store/store.ts'
import type { Stance } from '../../protocol/views.ts'
import type { ApiParts, Handlers } from './call.ts'
import { ApiFault } from './fault.ts'
import { findLivingNode } from './find.ts'
import { summariesById } from './node-views.ts'

type StanceCalls = 'disableNodes' | 'enableNodes' | 'auditNodes' | 'enforceNodes'

export function stanceHandlers(parts: ApiParts): Pick<Handlers, StanceCalls> {
  return {
    async disableNodes({ nodes, reason, until }, { by }) {
      if (until !== undefined && until <= by.at)
        throw new ApiFault('bad-input', `until: ${new Date(until).toISOString()} is over already.`)
      return treat(parts, nodes, 'disabled', { reason, until }, by)
    },
    enableNodes: ({ nodes }, { by }) => treat(parts, nodes, 'disabled', null, by),
    auditNodes: ({ nodes, reason }, { by }) => treat(parts, nodes, 'audit', { reason }, by),
    enforceNodes: ({ nodes }, { by }) => treat(parts, nodes, 'audit', null, by),
  }
}

/** All of the nodes, or none where one of them is not there. */
async function treat(
  parts: ApiParts,
  names: string[],
  kind: StanceKind,
  stance: Pick<Stance, 'reason' | 'until'> | null,
  by: By,
) {
  const nodes = await Promise.all(names.map((name) => findLivingNode(parts, name)))
  await Promise.all(nodes.map(({ id }) => parts.store.setStance(id, kind, stance, by)))
  await parts.catalogs.refresh()
  const ids = nodes.map(({ id }) => id)
  return [...(await summariesById(parts, ids)).values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
