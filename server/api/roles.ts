import { attributeKeys } from '../compile/attributes.ts'
import type { Role } from '../sources/load-role.ts'
import type { ApiParts, Handlers } from './call.ts'
import { requireRevision, unknown } from './find.ts'

type RoleCalls = 'listRoles' | 'readRole' | 'listRecipes' | 'checkSources'

export function roleHandlers(parts: ApiParts): Pick<Handlers, RoleCalls> {
  return {
    listRoles: async () => byName(requireRevision(parts).roles.values()).map((role) => viewOf(role, parts)),
    async readRole({ role: name }) {
      const { roles } = requireRevision(parts)
      const role = roles.get(name)
      if (!role) throw unknown('role', name, roles.keys())
      return viewOf(role, parts)
    },
    async listRecipes() {
      const revision = requireRevision(parts)
      const roles = byName(revision.roles.values())
      return byName(revision.recipes.values()).map(({ name, description }) => ({
        name,
        description,
        attributes: attributesOf(attributeKeys(revision, name)),
        roles: roles.filter(({ recipes }) => recipes.includes(name)).map((role) => role.name),
      }))
    },
    checkSources: () => checkSources(parts),
  }
}

function attributesOf(defaults: Record<string, unknown>) {
  const entries = Object.entries(defaults)
  return Object.fromEntries(entries.map(([key, value]) => [key, { mustBeSet: value === undefined, default: value }]))
}

function viewOf({ name, description, recipes, attributes }: Role, { catalogs }: ApiParts) {
  const nodes = catalogs.all().filter(({ node }) => node.roles.includes(name))
  return { name, description, recipes, attributes, nodes: nodes.map(({ node }) => node.name).toSorted() }
}

async function checkSources({ revisions, catalogs }: ApiParts) {
  await revisions.reload()
  await catalogs.refresh()
  const nodes = catalogs
    .all()
    .flatMap(({ node, compiled }) => (compiled.status === 'error' ? [{ node: node.name, error: compiled.reason }] : []))
  const revision = revisions.current()?.id ?? 'none'
  return { revision, loadedAt: revisions.loadedAt(), errors: revisions.errors(), nodes }
}

function byName<Named extends { name: string }>(all: Iterable<Named>) {
  return [...all].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
