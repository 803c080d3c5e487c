import { closest } from '../../protocol/closest.ts'
import { type Catalog, digestOf } from '../../protocol/catalog.ts'
import { resourceTypes } from '../../resources/index.ts'
import type { Revision } from '../sources/revision.ts'
import { suggest } from '../suggest.ts'
import { describeThrown } from '../thrown.ts'
import { resolveAttributes } from './attributes.ts'
import { contextOf, type Running } from './context.ts'
import { addBlob, type Declarable, type Draft } from './draft.ts'
import { CompileError, Pending } from './errors.ts'
import { type Asked, type ClusterView, type NodeInput, recordAsked } from './inputs.ts'
import { type ActionsByType, checkLinks, checkOwners } from './links.ts'
import { tellManaged } from './managed.ts'
import { handlingOf } from './policies.ts'

export type Compiled = (
  | { status: 'compiled'; catalog: Catalog; digest: string; blobs: Map<string, Buffer> }
  /** The catalog names nothing: for a node that had roles, so that it cleans up what they made. */
  | { status: 'unassigned'; reason: string; catalog: Catalog; digest: string }
  | { status: 'pending' | 'error'; reason: string }
) & {
  /** Of the cluster: when an answer changes, the node must be compiled again. */
  asked: Asked[]
}

const ours: Declarable[] = Object.values(resourceTypes)

/** What the node should be. Pure: the same inputs give the same catalog, and authors' mistakes are a result, not thrown. */
export function compile(revision: Revision, node: NodeInput, cluster: ClusterView): Compiled {
  const { facts } = node
  if (node.roles.length === 0) return unassigned(revision, node)
  const unknown = node.roles.filter((role) => !revision.roles.has(role))
  if (unknown.length > 0) return without('error', unknown.map((role) => unknownRole(role, node, revision)).join('\n'))
  if (!facts) return without('pending', `node ${node.name} has not sent its facts yet`)

  const view = recordAsked(cluster)
  const draft: Draft = { resources: new Map(), blobs: new Map(), managed: new Map(), errors: [] }
  const types = [...ours, ...[...revision.types.values()].map(({ declarable }) => declarable)]
  const listed = recipesOf(revision, node)
  const pending = [...listed].flatMap(([name, role]) => {
    const recipe = revision.recipes.get(name)
    if (!recipe) throw new Error(`Role ${role} of a loaded revision names recipe ${name}, which is not loaded`)
    return runRecipe({ recipe, role, node: { ...node, facts }, view, draft, revision }, types)
  })

  const asked = view.asked()
  // What is wrong with a recipe's attributes is told by each recipe that asks for them.
  const own = [...new Set(draft.errors)]
  const errors = own.length > 0 || pending.length > 0 ? own : errorsBetween(draft, types)
  if (errors.length > 0) return { status: 'error', reason: errors.join('\n'), asked }
  if (pending.length > 0) return { status: 'pending', reason: pending.join('\n'), asked }
  const resources = [...draft.resources.values()]
  const handling = handlingOf(revision, node, listed)
  const catalog = { node: node.name, resources, ...handling, ...codeOf(revision, draft) }
  return { status: 'compiled', catalog, digest: digestOf(catalog), blobs: draft.blobs, asked }
}

/** What is wrong with resources that are right each by itself. */
function errorsBetween(draft: Draft, types: Declarable[]) {
  const links = checkLinks(draft.resources, actionsOf(types))
  return [...links, ...checkOwners(draft), ...tellManaged(draft, types)]
}

function actionsOf(types: Declarable[]): ActionsByType {
  return new Map(types.map(({ type, actions = {} }) => [type, Object.keys(actions)]))
}

/** The code of the types that this node needs and no agent has by itself. */
function codeOf({ types }: Revision, draft: Draft): Pick<Catalog, 'types'> {
  const used = new Set([...draft.resources.values()].map(({ type }) => type))
  const others = [...types.values()].filter(({ type }) => used.has(type.type))
  if (others.length === 0) return {}
  return { types: Object.fromEntries(others.map(({ type, code }) => [type.type, addBlob(draft, code)])) }
}

function without(status: 'pending' | 'error', reason: string): Compiled {
  return { status, reason, asked: [] }
}

function unassigned(revision: Revision, node: NodeInput): Compiled {
  const catalog = { node: node.name, resources: [], ...handlingOf(revision, node, new Map()) }
  const reason = `node ${node.name} has no roles; give it some by trivet node assign ${node.name} ROLE`
  return { status: 'unassigned', reason, catalog, digest: digestOf(catalog), asked: [] }
}

function unknownRole(role: string, node: NodeInput, { roles }: Revision) {
  return `node ${node.name} has role ${role}, but there is no such role. ${suggest(role, roles.keys())}`
}

/** Each recipe once, where it is first listed, with the role that lists it there. */
export function recipesOf(revision: Revision, node: NodeInput) {
  const listed = node.roles.flatMap((role) =>
    (revision.roles.get(role)?.recipes ?? []).map((recipe) => ({ recipe, role })),
  )
  const first = new Map<string, string>()
  for (const { recipe, role } of listed) if (!first.has(recipe)) first.set(recipe, role)
  return first
}

/** Declares into the draft. Gives why the recipe must wait, if it must. */
function runRecipe(running: Running, types: Declarable[]): string[] {
  const { recipe, node, draft, revision } = running
  try {
    const attributes = resolveAttributes(revision, node, recipe)
    draft.errors.push(...attributes.errors)
    if (attributes.errors.length > 0) return []
    const result: unknown = recipe.declare(contextOf(running, attributes.value, types))
    if (!isThenable(result)) return []
    // What it comes to is of no use, but a rejection that nobody takes would end the server.
    Promise.resolve(result).catch(() => undefined)
    draft.errors.push(`${recipe.path}:1: declare is async; a recipe cannot wait for anything`)
    return []
  } catch (error) {
    if (error instanceof Pending) return [error.message]
    draft.errors.push(error instanceof CompileError ? error.message : threw(running, error, types))
    return []
  }
}

function threw({ recipe }: Running, error: unknown, types: Declarable[]) {
  const { path, line } = recipe.places.ofError(error)
  return `${path}:${line}: the recipe threw ${describeThrown(error)}${hintOn(error, types)}`
}

/** What a recipe is not given it finds undefined, which a resource type of the author's is while its file is not where it should be. */
function hintOn(error: unknown, types: Declarable[]) {
  const name =
    error instanceof TypeError ? /^(?:context\.)?(\w+) is not a function$/.exec(error.message)?.[1] : undefined
  if (name === undefined) return ''
  const near = closest(
    name,
    types.map(({ type }) => type),
  )
  const slip = near === undefined ? '' : ` Did you mean ${near}?`
  return `.${slip} If it is a resource type of yours, its file must be ${name}.ts in the folder that --types names`
}

function isThenable(value: unknown) {
  return typeof value === 'object' && value !== null && 'then' in value
}
