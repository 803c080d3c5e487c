import { inputOf } from '../cluster-views.ts'
import { attributeKeys, layersOf, merge } from '../compile/attributes.ts'
import { recipesOf } from '../compile/compile.ts'
import type { FleetNode, SetValue } from '../store/store.ts'
import { theirs } from './attributes.ts'
import type { ApiParts, Handlers } from './call.ts'
import type { Caller } from './caller.ts'
import { findFleetNode, requireRevision, unknown } from './find.ts'

/** Where the values of a node's attributes come from. */
export function explainHandlers(parts: ApiParts): Pick<Handlers, 'explain' | 'explainNode'> {
  return {
    async explain({ node: name, key }, caller) {
      const { revision, layersFor } = await explainer(parts, caller, name)
      const layers = layersFor(key)
      const keys = Object.keys(theirs(() => attributeKeys(revision, key.split('.')[0] ?? '')))
      if (layers.length === 0 && !keys.includes(key)) throw unknown('attribute', key, keys)
      return explained(layers)
    },
    async explainNode({ node: name }, caller) {
      const { revision, input, layersFor } = await explainer(parts, caller, name)
      const recipes = [...recipesOf(revision, input).keys()].filter((recipe) => revision.recipes.has(recipe))
      const keys = recipes.flatMap((recipe) => Object.keys(attributeKeys(revision, recipe)))
      return keys.map((key) => ({ key, ...explained(layersFor(key)) }))
    },
  }
}

async function explainer(parts: ApiParts, caller: Caller, name: string) {
  const node = await findFleetNode(parts, caller, name)
  const revision = requireRevision(parts)
  const input = inputOf(node, parts.catalogs.fleet())
  const set = await setFor(parts, node)
  const layersFor = (key: string) =>
    theirs(() => layersOf(revision, input, key)).map(({ layer, value }) => ({ layer, value, ...set(layer, key) }))
  return { revision, input, layersFor }
}

type Layers = Awaited<ReturnType<Handlers['explain']>>['layers']

function explained(layers: Layers) {
  return { value: layers.map(({ value }) => value).reduce(merge, null), layers }
}

/** Who set the key in that layer, or what holds it or lies in it; of recipes and roles nobody is known. */
async function setFor({ store }: ApiParts, node: FleetNode) {
  const [cluster, own] = await Promise.all([
    store.readAttributes('cluster', node.cluster),
    store.readAttributes('node', node.id),
  ])
  const places: Record<string, Record<string, SetValue>> = { cluster, node: own }
  return (layer: string, key: string) => lastWriter(places[layer.split(' ')[0] ?? ''] ?? {}, key)
}

function lastWriter(set: Record<string, SetValue>, key: string): { author: string | null; at: number | null } {
  const touching = Object.entries(set).filter(
    ([other]) => other === key || key.startsWith(`${other}.`) || other.startsWith(`${key}.`),
  )
  const [last] = touching.map(([, { author, at }]) => ({ author, at })).toSorted((a, b) => b.at - a.at)
  return last ?? { author: null, at: null }
}
