import { attributeKeys } from '../compile/attributes.ts'
import type { LoadedRecipe } from '../sources/load-recipe.ts'
import type { Role } from '../sources/load-role.ts'
import type { Revision } from '../sources/revision.ts'
import type { ApiParts, Handlers } from './call.ts'
import type { Caller } from './caller.ts'
import { requireRevision, unknown } from './find.ts'
import { pageAmong } from './pages.ts'

type RoleCalls = 'listRoles' | 'readRole' | 'listRecipes' | 'readRecipe' | 'checkSources'

export function roleHandlers(parts: ApiParts): Pick<Handlers, RoleCalls> {
  return {
    async listRoles({ recipe, ...page }, caller) {
      const roles = [...requireRevision(parts).roles.values()]
      const asked = roles.filter(({ recipes }) => recipe === undefined || recipes.includes(recipe))
      const { items, next } = pageAmong(asked, page, ({ name }) => [name])
      const counts = nodesByRole(parts, caller)
      return {
        items: items.map(({ path: _path, text: _text, ...role }) => ({
          ...role,
          nodeCount: counts.get(role.name) ?? 0,
        })),
        next,
      }
    },
    async readRole({ role: name }, caller) {
      const { roles } = requireRevision(parts)
      const role = roles.get(name)
      if (!role) throw unknown('role', name, roles.keys())
      return roleViewOf(role, parts, caller)
    },
    async listRecipes(page) {
      const revision = requireRevision(parts)
      const { items, next } = pageAmong([...revision.recipes.values()], page, ({ name }) => [name])
      return { items: items.map((recipe) => recipeViewOf(recipe, revision)), next }
    },
    async readRecipe({ recipe: name }) {
      const revision = requireRevision(parts)
      const recipe = revision.recipes.get(name)
      if (!recipe) throw unknown('recipe', name, revision.recipes.keys())
      return recipeViewOf(recipe, revision)
    },
    checkSources: (_input, caller) => checkSources(parts, caller),
  }
}

function attributesOf(defaults: Record<string, unknown>) {
  const entries = Object.entries(defaults)
  return Object.fromEntries(entries.map(([key, value]) => [key, { mustBeSet: value === undefined, default: value }]))
}

function roleViewOf({ path: _path, text: _text, ...role }: Role, { catalogs }: ApiParts, caller: Caller) {
  const nodes = catalogs.all().filter(({ node }) => caller.sees(node.cluster) && node.roles.includes(role.name))
  return { ...role, nodes: nodes.map(({ node }) => node.name).toSorted() }
}

function nodesByRole({ catalogs }: ApiParts, { sees }: Caller) {
  const counts = new Map<string, number>()
  for (const { node } of catalogs.all())
    if (sees(node.cluster)) for (const role of node.roles) counts.set(role, (counts.get(role) ?? 0) + 1)
  return counts
}

function recipeViewOf({ name, description, cleanup }: LoadedRecipe, revision: Revision) {
  const roles = byName(revision.roles.values()).filter(({ recipes }) => recipes.includes(name))
  const attributes = attributesOf(attributeKeys(revision, name))
  return { name, description, attributes, roles: roles.map((role) => role.name), cleanup }
}

async function checkSources({ revisions, catalogs }: ApiParts, caller: Caller) {
  await revisions.reload()
  await catalogs.refresh()
  const nodes = catalogs
    .all()
    .filter(({ node }) => caller.sees(node.cluster))
    .flatMap(({ node, compiled }) => (compiled.status === 'error' ? [{ node: node.name, error: compiled.reason }] : []))
  const revision = revisions.current()?.id ?? 'none'
  return { revision, loadedAt: revisions.loadedAt(), errors: revisions.errors(), nodes }
}

function byName<Named extends { name: string }>(all: Iterable<Named>) {
  return [...all].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
