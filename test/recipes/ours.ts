import type { Facts } from '../../protocol/facts.ts'
import { compile } from '../../server/compile/compile.ts'
import type { NodeInput } from '../../server/compile/inputs.ts'
import { loadRevision } from '../../server/sources/revision.ts'
import { catalogOf } from '../helpers/catalog.ts'
import { clusterOf, factsOf, nodeOf } from '../helpers/sources.ts'

const at = (folder: string) => new URL(`../../${folder}`, import.meta.url).pathname

/** The recipes and roles of this repository. */
export const ours = await loadRevision({ recipes: at('recipes'), roles: at('roles') })

/** Three nodes of role zookeeper, two of role web and one of role haproxy, as the demo has them. */
export function demoNodes(os?: Partial<Facts['os']>): NodeInput[] {
  const roles = [
    ['base', 'zookeeper', 'web'],
    ['base', 'zookeeper', 'web'],
    ['base', 'zookeeper', 'haproxy'],
  ]
  return roles.map((of, index) => {
    const name = `node-${index + 1}`
    return nodeOf(name, of, { facts: factsOf(name, `10.0.0.1${index + 1}`, os) })
  })
}

interface Given {
  nodes?: NodeInput[]
  ordinals?: Record<string, number>
  attributes?: Record<string, unknown>
}

/** What a node of the demo should be. */
export function catalogOfNode(name: string, { nodes = demoNodes(), ordinals = {}, attributes = {} }: Given = {}) {
  return catalogOf(compileNode(name, { nodes, ordinals, attributes }))
}

export function compileNode(name: string, { nodes = demoNodes(), ordinals = {}, attributes = {} }: Given = {}) {
  const node = nodes.find((one) => one.name === name)
  if (!node) throw new Error(`There is no node ${name}`)
  return compile(ours, { ...node, attributes }, clusterOf(nodes, ordinals))
}
