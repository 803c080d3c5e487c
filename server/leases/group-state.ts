import type { LeaseRule } from '../../protocol/catalog.ts'
import type { Registry } from '../agents/registry.ts'
import type { Catalogs } from '../catalogs.ts'
import { troubleOf } from '../health.ts'
import { type GroupState, roomOf, type Waiting } from './decide.ts'
import type { Group, GroupMember, Groups } from './groups.ts'
import type { Progress } from './progress.ts'
import type { Want } from './want.ts'

export interface Known {
  catalogs: Catalogs
  registry: Registry
  progress: Progress
  groups: Groups
}

/** Why a member is not well by its own rules, or may cease to be: it acts by a lease of another group. */
export function troubleIn(group: Group, nodeId: string, { catalogs, registry, groups }: Known) {
  const other = groups.of(nodeId).find((one) => one !== group && one.held.has(nodeId))
  if (other) return `node ${nameIn(group, nodeId, catalogs)} acts by a lease of group ${other.name}`
  const probes = (group.members.get(nodeId)?.rules ?? []).flatMap(({ until }) => until ?? [])
  return troubleOf(nameIn(group, nodeId, catalogs), probes, registry.of(nodeId))
}

/** What the node of a group wants of it now. */
export function wantIn(group: Group, nodeId: string, { registry }: Known): Want | undefined {
  return registry.of(nodeId)?.wants?.get(group.name)
}

/** All that a decision over the group rests on, as of now. */
export function groupState(group: Group, known: Known, now: number): GroupState {
  const waiting = waitingIn(group, known)
  const asksLast = waiting.some(({ last }) => last)
  const members = new Map(
    [...group.members]
      .filter(([id, member]) => !isYetToCome(id, member, known))
      .map(([id, member]) => [
        id,
        {
          name: member.name,
          trouble: troubleIn(group, id, known),
          busy: asksLast ? busyWith(id, member, known) : null,
        },
      ]),
  )
  const held = new Map(
    [...group.held].map(([id, { grantedAt }]) => [id, { name: nameIn(group, id, known.catalogs), grantedAt }]),
  )
  return { now, members, held, waiting }
}

/** It waits, by all that is known, at the gate from which on it is of the group. */
function isYetToCome(nodeId: string, { rules }: GroupMember, { progress }: Known) {
  const last = progress.of(nodeId)
  return rules.every(({ from }) => from !== undefined && (!last || from in last.waits))
}

function waitingIn(group: Group, known: Known): Waiting[] {
  const asking = [...group.asking].flatMap((node) => {
    const want = wantIn(group, node, known)
    return want && !group.held.has(node) ? [{ node, want }] : []
  })
  return asking
    .toSorted((a, b) => a.want.turn - b.want.turn)
    .map(({ node, want }) => ({
      node,
      name: nameIn(group, node, known.catalogs),
      max: maxFor(group, node, want),
      last: want.last === true,
      barred: barredFrom(group, node, known),
    }))
}

/** Also of a node that is no member any more. */
export function nameIn(group: Group, nodeId: string, catalogs: Catalogs) {
  return group.members.get(nodeId)?.name ?? catalogs.of(nodeId)?.node.name ?? nodeId
}

/** By the rule of the resource that the action is of, or the strictest: members may have others during a rollout. */
function maxFor({ members }: Group, nodeId: string, { action }: Want): LeaseRule['max'] {
  const rules = members.get(nodeId)?.rules ?? []
  const meant = rules.find(({ id }) => action.endsWith(` ${id}`))
  if (meant) return meant.max
  const [strictest] = rules.toSorted((a, b) => roomOf(a.max, members.size) - roomOf(b.max, members.size))
  return strictest?.max ?? 1
}

function barredFrom(group: Group, nodeId: string, { catalogs }: Known) {
  const name = nameIn(group, nodeId, catalogs)
  if (!group.members.has(nodeId)) return noSuchLease(name, group.name)
  if (!isHeldBack(nodeId, catalogs)) return null
  return `node ${name} is disabled or audited, and so may not act`
}

export function noSuchLease(node: string, group: string) {
  return `the catalog of node ${node} has no lease of group ${group}`
}

function isHeldBack(nodeId: string, catalogs: Catalogs) {
  const compiled = catalogs.of(nodeId)?.compiled
  if (!compiled || !('catalog' in compiled)) return false
  return compiled.catalog.audit === true || compiled.catalog.disabled !== undefined
}

/** What is to be done there before the one that goes last, if it can be done at all. */
function busyWith(nodeId: string, { rules }: GroupMember, { registry, catalogs, progress }: Known) {
  const connection = registry.of(nodeId)
  if (!connection || isHeldBack(nodeId, catalogs)) return null
  if (connection.run) return 'is in a run'
  const compiled = catalogs.of(nodeId)?.compiled
  const last = progress.of(nodeId)
  if (compiled?.status === 'compiled' && last?.catalog !== compiled.digest) return 'has yet to converge'
  const owed = last?.owed.find((action) => rules.some(({ id }) => action.endsWith(` ${id}`)))
  return owed === undefined ? null : `still owes ${owed}`
}
