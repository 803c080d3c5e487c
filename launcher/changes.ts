import type { ListedNode } from '../protocol/views.ts'
import type { ClusterFile, Group } from './cluster-file.ts'
import type { View } from './lookout.ts'
import type { Difference, Machine } from './provider.ts'
import { inOrder, lives, wantedNodes, type WantedNode } from './site.ts'

/** One thing that `up` does, or says that it cannot do. */
export type Change =
  | { action: 'create'; what: string; how: string; wanted: WantedNode }
  | { action: 'start'; what: string; how: string; wanted: WantedNode; machine: Machine }
  | { action: 'restore'; what: string; how: string }
  | { action: 'change'; what: string; how: string }
  | { action: 'assign'; what: string; how: string; roles: string[] }
  | { action: 'destroy'; what: string; how: string; machine: Machine }
  /** Its machine runs: `up` waits for it while it may still come. */
  | { action: 'no-node'; what: string; how: string }
  /** Only a new machine can be so; nothing is done until somebody destroys the old one. */
  | { action: 'needs-new-machine'; what: string; how: string }

/** What is known beside the machines and the nodes. */
interface Known {
  differences: Difference[]
  /** Nodes whose launch is not over. */
  unfinished: string[]
  /** Names of nodes that are archived on the server. */
  archived: ReadonlySet<string>
  typeOf: (group: Group) => string
}

/** What is to be done so that the cluster is as its file says, in the order in which it is told. */
export function changesOf(file: ClusterFile, { machines, nodes }: View, known: Known): Change[] {
  const living = machines.filter(lives)
  const wanted = wantedNodes(file)
  const kept = new Map(keptMachines(machines, nodes).map((machine) => [machine.node, machine]))
  return [
    ...wanted.flatMap((each) => changesOfNode(each, kept.get(each.node), nodes, known)),
    ...wanted.flatMap(({ node, group }) => rolesMissing(node, group.roles, nodes.get(node))),
    ...known.differences.map(({ what, how, needsNewMachine }) =>
      needsNewMachine
        ? ({ action: 'needs-new-machine', what, how } as const)
        : ({ action: 'change', what, how } as const),
    ),
    ...inOrder(file, living).flatMap((machine) => superfluous(machine, kept, wanted)),
  ]
}

/** The one that is its node, of all machines. */
export function keptMachines(machines: Machine[], nodes: View['nodes']): Machine[] {
  const living = machines.filter(lives)
  return [...new Set(living.map(({ node }) => node))].flatMap((node) => keptOf(living, node, nodes) ?? [])
}

/** Of several machines for one node that which has joined as it, else the oldest. */
function keptOf(living: Machine[], node: string, nodes: View['nodes']) {
  const candidates = living.filter((machine) => machine.node === node)
  const address = nodes.get(node)?.address
  return (
    candidates.find(({ privateAddress }) => privateAddress !== undefined && privateAddress === address) ??
    candidates.toSorted((a, b) => a.launchedAt - b.launchedAt)[0]
  )
}

function changesOfNode(
  wanted: WantedNode,
  machine: Machine | undefined,
  nodes: View['nodes'],
  { unfinished, archived, typeOf }: Known,
): Change[] {
  const { node: what, group } = wanted
  const roles = group.roles.length > 0 ? `roles ${group.roles.join(', ')}` : 'no roles'
  if (!machine) return [{ action: 'create', what, how: `${typeOf(group)}, ${roles}`, wanted }]
  if (unfinished.includes(what)) return [{ action: 'create', what, how: `go on with ${machine.id}`, wanted }]
  if (machine.state === 'stopped' || machine.state === 'stopping')
    return [{ action: 'start', what, how: `${machine.id} is ${machine.state}`, wanted, machine }]
  if (archived.has(what)) return [{ action: 'restore', what, how: `${machine.id} runs, and its node is archived` }]
  if (!nodes.has(what)) return [{ action: 'no-node', what, how: `${machine.id} ${isNoNode}` }]
  return []
}

function rolesMissing(what: string, wanted: string[], node: ListedNode | undefined): Change[] {
  const roles = node ? wanted.filter((role) => !node.roles.includes(role)) : []
  return roles.length > 0 ? [{ action: 'assign', what, how: roles.join(', '), roles }] : []
}

function superfluous(machine: Machine, kept: Map<string, Machine>, wanted: WantedNode[]): Change[] {
  const { node: what, id } = machine
  const one = kept.get(what)
  if (!wanted.some(({ node }) => node === what))
    return [{ action: 'destroy', what, how: `${id}: the file does not ask for it`, machine }]
  if (one && one.id !== id) return [{ action: 'destroy', what, how: `${id}: ${one.id} is that node already`, machine }]
  return []
}

/** Why a machine that runs is not in the fleet. */
export const isNoNode = 'is no node of this server: it was revoked, has joined another, or is not up yet'

const marks = {
  create: '+',
  'no-node': '?',
  start: '>',
  restore: '~',
  change: '~',
  assign: '~',
  destroy: '-',
  'needs-new-machine': '!',
} as const

/** For people: `+ walking-master-1: t3.small, roles master`. */
export function told({ action, what, how }: Change) {
  const note = action === 'needs-new-machine' ? ' (left so: only a new machine can be as the file says)' : ''
  const verb = action === 'assign' ? `is assigned ${how}` : action === 'destroy' ? `destroy ${how}` : how
  return `${marks[action]} ${what}: ${verb}${note}`
}
