import type { LeaseView } from '../../protocol/views.ts'
import { decide } from './decide.ts'
import { groupState, type Known, nameIn, troubleIn, wantIn } from './group-state.ts'
import type { Group } from './groups.ts'

/** What of a group is held and waited for; of one node, or all. */
export function viewsOf(group: Group, known: Known, now: number, nodeId?: string): LeaseView[] {
  const { cluster, name, held } = group
  const isMeant = (id: string) => nodeId === undefined || id === nodeId
  const shared = (id: string) => ({ cluster, group: name, node: nameIn(group, id, known.catalogs) })
  const holding = [...held.values()].filter(({ node }) => isMeant(node))
  const { refusals } = decide(groupState(group, known, now))
  const waiting = [...refusals].flatMap(([id, reason]) => {
    const want = isMeant(id) ? wantIn(group, id, known) : undefined
    return want ? [{ id, want, reason }] : []
  })
  return [
    ...holding.map(({ node, action, fence, grantedAt, expiresAt }): LeaseView => {
      const reason = troubleIn(group, node, known)
      return { ...shared(node), state: 'held', action, since: grantedAt, fence, expiresAt, reason }
    }),
    ...waiting.map(({ id, want: { action, askedAt: since }, reason }): LeaseView => {
      return { ...shared(id), state: 'waiting', action, since, fence: null, expiresAt: null, reason }
    }),
  ]
}
