import type { z } from 'zod'
import { textOf } from '../../protocol/describe-issue.ts'
import { isRecord } from '../../protocol/is-record.ts'
import type { LoadedRecipe } from '../sources/load-recipe.ts'
import type { Revision } from '../sources/revision.ts'
import { suggest } from '../suggest.ts'
import { AttributeError, defaultsOf, issueBelow, validateLayer } from './attribute-schema.ts'
import type { NodeInput } from './inputs.ts'

/** What one place says of a recipe's attributes. */
interface Layer {
  /** `role zookeeper`, `cluster default`, `node n1` */
  layer: string
  value: unknown
}

/** Everything that says something about the attribute, weakest first; the last one wins, objects are merged. */
export function layersOf(revision: Revision, node: NodeInput, key: string): Layer[] {
  const [name = '', ...path] = key.split('.')
  const recipe = findRecipe(revision, name)
  const defaults = at(nested(defaultsOf(recipe)), [name, ...path])
  const layers = [{ layer: `recipe ${name}`, value: defaults }, ...setLayers(revision, node, name).map(below(path))]
  return layers.filter(({ value }) => value !== undefined)
}

/** Throws AttributeError when no recipe has this attribute or it does not take the value. */
export function validateAttribute(revision: Revision, key: string, value: unknown) {
  const [name = '', ...path] = key.split('.')
  validateLayer(findRecipe(revision, name), path, value)
}

/** The default of each attribute by its dotted key; undefined ones must be set. */
export function attributeKeys(revision: Revision, recipe: string): Record<string, unknown> {
  return defaultsOf(findRecipe(revision, recipe))
}

/** The attributes that the recipe gets on the node, or what is wrong with them and who set it. */
export function resolveAttributes(revision: Revision, node: NodeInput, recipe: LoadedRecipe) {
  const layers = setLayers(revision, node, recipe.name)
  const wrong = layers.flatMap((layer) => checkLayer(recipe, layer))
  const merged = layers.map(({ value }) => value).reduce(merge, {})
  const { success, data, error } = recipe.attributes.safeParse(merged)
  if (success && wrong.length === 0) return { value: data, errors: [] }
  const errors =
    wrong.length > 0 ? wrong : (error?.issues ?? []).map((issue) => blame(recipe.name, layers, issue, merged))
  return { value: {}, errors: errors.map((text) => `${recipe.path}: attribute ${text}`) }
}

function checkLayer(recipe: LoadedRecipe, { layer, value }: Layer) {
  try {
    validateLayer(recipe, [], value)
    return []
  } catch (error) {
    if (!(error instanceof AttributeError)) throw error
    return [`${error.message} (set by ${layer})`]
  }
}

function blame(recipe: string, layers: Layer[], issue: z.core.$ZodIssue, merged: unknown) {
  const path = issue.path.map(String)
  const by = layers.findLast(({ value }) => at(value, path) !== undefined)
  if (by) return `${issueBelow([recipe], issue, { value: merged })} (set by ${by.layer})`
  const key = [recipe, ...path].join('.')
  return `${key} is not set: ${textOf(issue, { value: merged }).replace(/^is missing; /, '')}. Set it in a role, or by trivet node set NODE ${key} VALUE`
}

/** What was set for the recipe: roles as assigned, then the cluster, then the node. */
function setLayers(revision: Revision, node: NodeInput, recipe: string): Layer[] {
  const roles = node.roles.map((name) => ({
    layer: `role ${name}`,
    value: revision.roles.get(name)?.attributes[recipe],
  }))
  const cluster = { layer: `cluster ${node.cluster}`, value: at(nested(node.clusterAttributes), [recipe]) }
  const own = { layer: `node ${node.name}`, value: at(nested(node.attributes), [recipe]) }
  return [...roles, cluster, own].filter(({ value }) => value !== undefined)
}

function findRecipe(revision: Revision, name: string) {
  const recipe = revision.recipes.get(name)
  if (!recipe) throw new AttributeError(`there is no recipe ${name}. ${suggest(name, revision.recipes.keys())}`)
  return recipe
}

/** `{ 'zookeeper.heap.max': 512 }` → `{ zookeeper: { heap: { max: 512 } } }`; what is deeper wins. */
function nested(dotted: Record<string, unknown>) {
  const wrapped = Object.keys(dotted)
    .toSorted()
    .map((key) => key.split('.').reduceRight<unknown>((inner, part) => ({ [part]: inner }), dotted[key]))
  return wrapped.reduce(merge, {})
}

/** Objects key by key, everything else is replaced. Built anew, so no key can reach a prototype. */
export function merge(under: unknown, over: unknown): unknown {
  if (over === undefined) return under
  if (!isRecord(under) || !isRecord(over)) return over
  const keys = [...new Set([...Object.keys(under), ...Object.keys(over)])]
  return Object.fromEntries(keys.map((key) => [key, merge(at(under, [key]), at(over, [key]))]))
}

function at(value: unknown, path: string[]): unknown {
  return path.reduce((inner, key) => (isRecord(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined), value)
}

function below(path: string[]) {
  return ({ layer, value }: Layer) => ({ layer, value: at(value, path) })
}
