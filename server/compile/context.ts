import type { Facts } from '../../protocol/facts.ts'
import type { ClusterContext, Peer, RecipeContext, ResourceFunctions } from '../recipe.ts'
import type { LoadedRecipe } from '../sources/load-recipe.ts'
import type { Revision } from '../sources/revision.ts'
import { suggest } from '../suggest.ts'
import { describeThrown } from '../thrown.ts'
import { TemplateError } from '../sources/templates.ts'
import { addBlob, addResource, type Declarable, type Draft } from './draft.ts'
import { resolveAttributes } from './attributes.ts'
import { CompileError, Pending } from './errors.ts'
import type { NodeInput, PeerView, recordAsked } from './inputs.ts'

/** One recipe on one node. */
export interface Running {
  recipe: LoadedRecipe
  /** The first role that lists the recipe. */
  role: string
  node: NodeInput & { facts: Facts }
  view: ReturnType<typeof recordAsked>
  draft: Draft
  revision: Revision
}

export function contextOf(running: Running, attributes: unknown, types: Declarable[]): RecipeContext<unknown> {
  const { name, cluster, roles, facts } = running.node
  return {
    ...resourceFunctions(running, types),
    ...blobFunctions(running),
    ...attributeFunctions(running),
    attributes,
    node: { name, cluster, roles: [...roles], address: facts.address, facts },
    cluster: clusterContext(running),
  }
}

function resourceFunctions({ recipe, draft }: Running, types: Declarable[]): ResourceFunctions {
  const functions = types.map((type) => {
    function declare(name: unknown, given: Record<string, unknown> = {}) {
      const { path, line } = recipe.places.ofCall(declare)
      const declaredAt = `${path}:${line}`
      try {
        addResource(draft, type, { name, given, recipe: recipe.name, declaredAt })
      } catch (error) {
        if (!type.threw) throw error
        const text = `${type.type}[${String(name)}]: its type threw ${describeThrown(error)}`
        throw new CompileError(`${declaredAt}: ${text}, at ${type.threw(error)}`)
      }
    }
    return [type.type, declare]
  })
  return Object.fromEntries(functions)
}

function blobFunctions({ recipe, draft }: Running) {
  function template(path: string, variables: Record<string, unknown> = {}) {
    const known = recipe.templates.paths
    if (!known.includes(path))
      throw wrongCall(recipe, template, `there is no template ${path} beside the recipe. ${suggest(path, known)}`)
    try {
      return addBlob(draft, recipe.templates.render(path, variables))
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      throw wrongCall(recipe, template, error.message)
    }
  }
  function source(path: string) {
    const bytes = recipe.files.get(path)
    if (!bytes)
      throw wrongCall(
        recipe,
        source,
        `there is no file ${path} beside the recipe. ${suggest(path, recipe.files.keys())}`,
      )
    return addBlob(draft, bytes)
  }
  function folder(path: string) {
    const files = [...recipe.files].filter(([name]) => name.startsWith(`${path}/`))
    if (files.length > 0)
      return Object.fromEntries(files.map(([name, bytes]) => [name.slice(path.length + 1), addBlob(draft, bytes)]))
    const known = new Set([...recipe.files.keys()].flatMap(foldersAbove))
    throw wrongCall(recipe, folder, `there is no folder ${path} with files beside the recipe. ${suggest(path, known)}`)
  }
  return { template, source, folder, text: (content: string) => addBlob(draft, content) }
}

function attributeFunctions({ recipe, node, revision }: Running) {
  function attributesOf(name: string) {
    const other = revision.recipes.get(name)
    if (!other)
      throw wrongCall(recipe, attributesOf, `there is no recipe ${name}. ${suggest(name, revision.recipes.keys())}`)
    const { value, errors } = resolveAttributes(revision, node, other)
    if (errors.length > 0) throw new CompileError(errors.join('\n'))
    return value
  }
  function refuse(why: string): never {
    throw wrongCall(recipe, refuse, why)
  }
  return { attributesOf, refuse }
}

/** `a/b/c.txt` → `a`, `a/b` */
function foldersAbove(path: string) {
  const parts = path.split('/')
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
}

function clusterContext({ recipe, role: by, node, view }: Running): ClusterContext {
  function withRole(role: string, { atLeast = 0 } = {}) {
    const peers = view.withRole(role)
    if (peers.length < atLeast)
      throw new Pending(`role ${by}: recipe ${recipe.name} needs ${shortOf(atLeast, role, node.cluster, peers)}`)
    return peers.map(peerOf)
  }
  function ordinal(role: string) {
    const found = view.ordinal(node.name, role)
    if (found !== null) return found
    throw wrongCall(recipe, ordinal, `node ${node.name} has no ordinal in role ${role}, for it does not have that role`)
  }
  return { name: node.cluster, withRole, ordinal }
}

function shortOf(atLeast: number, role: string, cluster: string, peers: PeerView[]) {
  const names = peers.length > 0 ? ` (${peers.map(({ name }) => name).join(', ')})` : ''
  const nodes = atLeast === 1 ? 'node' : 'nodes'
  return `${atLeast} ${nodes} with role ${role} in cluster ${cluster}; there are ${peers.length}${names}`
}

function peerOf({ ordinal, ...peer }: PeerView): Peer {
  if (ordinal === null) throw new Error(`The cluster view gives ${peer.name} no ordinal in a role that it has`)
  return { ...peer, ordinal }
}

function wrongCall({ places }: LoadedRecipe, called: (...given: never[]) => unknown, text: string) {
  const { path, line } = places.ofCall(called)
  return new CompileError(`${path}:${line}: ${text}`)
}
