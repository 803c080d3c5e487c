import { z } from 'zod'
import { Name } from '../name.ts'
import { AttributeLayer, ClusterView } from '../views.ts'
import { endpoint, ifRevision, ifRevisionAsked, node } from './endpoint.ts'
import { pageInput, pageOf } from './page.ts'

/** `recipe.attribute`, with more dots for what lies deeper. */
const attribute = z.string().regex(/^[a-z0-9-]+(\.[A-Za-z0-9_-]+)+$/, 'RECIPE.ATTRIBUTE, such as zookeeper.tickTime')
const scope = z.strictObject({ scope: z.enum(['nodes', 'clusters']), name: Name, key: attribute })

/** The nodes that it counts for, and the revision that it made. */
const written = z.object({ nodes: z.array(z.string()), revision: z.int() })

const explained = z.object({ value: z.unknown(), layers: z.array(AttributeLayer) })

export const attributesApi = {
  setAttribute: endpoint({
    method: 'PUT',
    path: '/api/:scope/:name/attributes/:key',
    access: 'operator',
    scoped: true,
    summary: 'Set an attribute of a node or a cluster.',
    input: scope.extend({ value: z.json(), ifRevision }),
    output: written,
  }),
  unsetAttribute: endpoint({
    method: 'DELETE',
    path: '/api/:scope/:name/attributes/:key',
    access: 'operator',
    scoped: true,
    summary: 'Take an attribute of a node or a cluster back.',
    input: scope.extend({ ifRevision: ifRevisionAsked }),
    output: written,
  }),
  listClusters: endpoint({
    method: 'GET',
    path: '/api/clusters',
    access: 'viewer',
    scoped: true,
    summary: 'All clusters that have nodes or attributes.',
    input: z.strictObject(pageInput(['name', '-name'])),
    output: pageOf(ClusterView),
  }),
  explain: endpoint({
    method: 'GET',
    path: '/api/nodes/:node/explain/:key',
    access: 'viewer',
    scoped: true,
    summary: 'Where the value of an attribute comes from, layer by layer.',
    input: node.extend({ key: attribute }),
    output: explained,
  }),
  explainNode: endpoint({
    method: 'GET',
    path: '/api/nodes/:node/explain',
    access: 'viewer',
    scoped: true,
    summary: "Every attribute of the recipes that the node's roles have, with where its value comes from.",
    input: node,
    output: z.array(explained.extend({ key: z.string() })),
  }),
}
