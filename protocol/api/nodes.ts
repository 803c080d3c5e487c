import { z } from 'zod'
import { Catalog, Sha256 } from '../catalog.ts'
import { RunOutcome, Time } from '../events.ts'
import { Name } from '../name.ts'
import { NodeWord } from '../node-words.ts'
import { ListedNode, NodeDetail, NodeState, NodeSummary } from '../views.ts'
import { endpoint, flag, ifRevision, ifRevisionAsked, node } from './endpoint.ts'
import { pageInput, pageOf } from './page.ts'

const nodes = z.strictObject({ nodes: z.array(Name).min(1) })
const treated = nodes.extend({ reason: z.string().trim().min(1, 'say why').max(1000) })

export const nodesApi = {
  listNodes: endpoint({
    method: 'GET',
    path: '/api/nodes',
    access: 'viewer',
    scoped: true,
    summary: 'All nodes, by name.',
    input: z.strictObject({
      role: Name.optional(),
      withoutRole: Name.optional().describe('Only nodes that do not have the role.'),
      cluster: Name.optional(),
      state: NodeState.optional(),
      is: NodeWord.optional().describe('How the nodes stand; `failed` is also interrupted and in error.'),
      outcome: RunOutcome.optional().describe('Of the last run.'),
      connected: flag.optional(),
      behind: flag.optional(),
      disabled: flag.optional(),
      audit: flag.optional(),
      facts: flag.optional().describe('With the facts of each.'),
      attributes: flag.optional().describe('With what is set for each node itself.'),
      text: z.string().max(200).optional().describe('What the name, the address or the reason holds.'),
      skip: z.coerce
        .number()
        .int()
        .min(0)
        .default(0)
        .describe('How many to leave out at the begin, for pages by number; a walk by `after` misses none meanwhile.'),
      ...pageInput(['name', '-name', 'cluster', '-cluster', 'state', '-state', 'lastRun', '-lastRun']),
    }),
    output: pageOf(ListedNode).extend({ total: z.int().describe('How many there are on all pages.') }),
  }),
  readNode: endpoint({
    method: 'GET',
    path: '/api/nodes/:node',
    access: 'viewer',
    scoped: true,
    summary: 'One node: facts, attributes, last run, what is owed.',
    input: node,
    output: NodeDetail,
  }),
  readCatalog: endpoint({
    method: 'GET',
    path: '/api/nodes/:node/catalog',
    access: 'viewer',
    scoped: true,
    summary: 'What the node should be, compiled now.',
    input: node,
    output: Catalog.extend({ digest: Sha256 }),
  }),
  assignRoles: endpoint({
    method: 'POST',
    path: '/api/nodes/:node/roles',
    access: 'operator',
    scoped: true,
    summary: 'Give the node roles, after those it has.',
    input: node.extend({ roles: z.array(Name).min(1), ifRevision }),
    output: NodeSummary,
  }),
  unassignRoles: endpoint({
    method: 'DELETE',
    path: '/api/nodes/:node/roles',
    access: 'operator',
    scoped: true,
    summary: 'Take roles from the node.',
    input: node.extend({
      roles: z.union([Name.transform((one) => [one]), z.array(Name).min(1)]),
      ifRevision: ifRevisionAsked,
    }),
    output: NodeSummary,
  }),
  disableNodes: endpoint({
    method: 'POST',
    path: '/api/nodes/disable',
    access: 'operator',
    scoped: true,
    summary: 'Let nodes change nothing until they are enabled again, or until a time.',
    input: treated.extend({ until: Time.optional() }),
    output: z.array(NodeSummary),
  }),
  enableNodes: endpoint({
    method: 'POST',
    path: '/api/nodes/enable',
    access: 'operator',
    scoped: true,
    summary: 'Let disabled nodes converge again.',
    input: nodes,
    output: z.array(NodeSummary),
  }),
  auditNodes: endpoint({
    method: 'POST',
    path: '/api/nodes/audit',
    access: 'operator',
    scoped: true,
    summary: 'Let nodes report what differs, and change nothing.',
    input: treated,
    output: z.array(NodeSummary),
  }),
  enforceNodes: endpoint({
    method: 'POST',
    path: '/api/nodes/enforce',
    access: 'operator',
    scoped: true,
    summary: 'Let audited nodes converge again.',
    input: nodes,
    output: z.array(NodeSummary),
  }),
  renameNode: endpoint({
    method: 'POST',
    path: '/api/nodes/:node/rename',
    access: 'operator',
    scoped: true,
    summary: 'Give the node another name; it stays the same node.',
    input: node.extend({ to: Name }),
    output: NodeSummary,
  }),
  approveNode: endpoint({
    method: 'POST',
    path: '/api/nodes/:node/approve',
    access: 'admin',
    scoped: true,
    summary: 'Let a node in that joined by a token that asks for it.',
    input: node,
    output: NodeSummary.extend({ waited: z.boolean().describe('Whether it waited for that; else nothing was done.') }),
  }),
  archiveNode: endpoint({
    method: 'POST',
    path: '/api/nodes/:node/archive',
    access: 'operator',
    scoped: true,
    summary: 'Take the node out of the fleet, with all that is set for it, until it is restored.',
    input: node,
    output: NodeSummary,
  }),
  restoreNode: endpoint({
    method: 'POST',
    path: '/api/nodes/:node/restore',
    access: 'operator',
    scoped: true,
    summary: 'Take an archived node back into the fleet.',
    input: node,
    output: NodeSummary,
  }),
  listArchivedNodes: endpoint({
    method: 'GET',
    path: '/api/archived-nodes',
    access: 'viewer',
    scoped: true,
    summary: 'Nodes that are archived.',
    input: z.strictObject(pageInput(['name', '-name', 'archivedAt', '-archivedAt'])),
    output: pageOf(
      z.object({ name: z.string(), cluster: z.string(), createdAt: z.int(), archivedAt: z.int().nullable() }),
    ),
  }),
  revokeNode: endpoint({
    method: 'POST',
    path: '/api/nodes/:node/revoke',
    access: 'admin',
    scoped: true,
    summary: 'Refuse the node from now on; its connection is cut at once.',
    input: node,
    output: NodeSummary,
  }),
}
