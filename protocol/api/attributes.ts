import { z } from 'zod'
import { Name } from '../name.ts'
import { AttributeLayer } from '../views.ts'
import { endpoint, node } from './endpoint.ts'

/** `recipe.attribute`, with more dots for what lies deeper. */
const attribute = z.string().regex(/^[a-z0-9-]+(\.[A-Za-z0-9_-]+)+$/, 'RECIPE.ATTRIBUTE, such as zookeeper.tickTime')
const scope = z.object({ scope: z.enum(['nodes', 'clusters']), name: Name, key: attribute })

export const attributesApi = {
  setAttribute: endpoint({
    method: 'PUT',
    path: '/api/:scope/:name/attributes/:key',
    access: 'operator',
    scoped: true,
    summary: 'Set an attribute of a node or a cluster.',
    input: scope.extend({ value: z.json() }),
    output: z.object({ nodes: z.array(z.string()) }),
  }),
  unsetAttribute: endpoint({
    method: 'DELETE',
    path: '/api/:scope/:name/attributes/:key',
    access: 'operator',
    scoped: true,
    summary: 'Take an attribute of a node or a cluster back.',
    input: scope,
    output: z.object({ nodes: z.array(z.string()) }),
  }),
  explain: endpoint({
    method: 'GET',
    path: '/api/nodes/:node/explain/:key',
    access: 'viewer',
    scoped: true,
    summary: 'Where the value of an attribute comes from, layer by layer.',
    input: node.extend({ key: attribute }),
    output: z.object({ value: z.unknown(), layers: z.array(AttributeLayer) }),
  }),
}
