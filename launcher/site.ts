import { whyNotReady } from '../protocol/node-ready.ts'
import type { ListedNode } from '../protocol/views.ts'
import type { ClusterFile, Group } from './cluster-file.ts'
import type { LaunchBook } from './launch-book.ts'
import type { Lookout } from './lookout.ts'
import type { Machine, Provider } from './provider.ts'
import type { Server } from './server.ts'

/** What the verbs of the launcher work with. */
export interface Site {
  file: ClusterFile
  provider: Provider
  server: Server
  book: LaunchBook
  lookout: Lookout
  /** How far one node is, for people. */
  tell: (node: string, phase: string) => void
  /** How long one step of one node may take, in ms. */
  patienceMs: number
  /** Whether a machine that did not boot into a node stays, to be looked at. */
  keepOnFailure: boolean
  now: () => number
}

/** A node that the file asks for. */
export interface WantedNode {
  /** `CLUSTER-GROUP-N`, N from 1. */
  node: string
  groupName: string
  group: Group
  /** Its image has the agent for sure, so none is installed. */
  isBaked?: boolean
}

export function wantedNodes({ cluster, groups }: ClusterFile): WantedNode[] {
  return Object.entries(groups).flatMap(([groupName, group]) =>
    Array.from({ length: group.count }, (_, index) => ({
      node: `${cluster}-${groupName}-${index + 1}`,
      groupName,
      group,
    })),
  )
}

/** Why the node of a machine is not ready; undefined: it is. One that is to have no roles has nothing to converge to. */
export function whyNotUp(node: ListedNode) {
  if (node.state === 'unassigned') return node.connected ? undefined : 'is not connected'
  return whyNotReady(node)
}

/** Neither gone nor going. */
export function lives({ state }: Machine) {
  return state !== 'terminated' && state !== 'shutting-down'
}

/** Group by group as in the file, then by number; those of groups that the file has no more come first. */
export function inOrder({ groups }: ClusterFile, machines: Machine[]): Machine[] {
  const order = Object.keys(groups)
  return machines.toSorted(
    (a, b) => order.indexOf(a.group) - order.indexOf(b.group) || a.node.localeCompare(b.node, 'en', { numeric: true }),
  )
}
