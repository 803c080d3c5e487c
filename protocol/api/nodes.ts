import { z } from 'zod'
import { Catalog, Sha256 } from '../catalog.ts'
import { Time } from '../events.ts'
import { Name } from '../name.ts'
import { NodeDetail, NodeSummary } from '../views.ts'
import { endpoint, node } from './endpoint.ts'

const nodes = z.object({ nodes: z.array(Name).min(1) })
const treated = nodes.extend({ reason: z.string().trim().min(1, 'say why').max(1000) })

export const nodesApi = {
  listNodes: endpoint({
    method: 'GET',
    path: '/api/nodes',
    access: 'viewer',
    scoped: true,
    summary: 'All nodes, by name.',
    input: z.object({ role: Name.optional(), cluster: Name.optional() }),
    output: z.array(NodeSummary),
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
    input: node.extend({ roles: z.array(Name).min(1) }),
    output: NodeSummary,
  }),
  unassignRoles: endpoint({
    method: 'DELETE',
    path: '/api/nodes/:node/roles',
    access: 'operator',
    scoped: true,
    summary: 'Take roles from the node.',
    input: node.extend({ roles: z.union([Name.transform((one) => [one]), z.array(Name).min(1)]) }),
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
