import { attributeKeys } from '../compile/attributes.ts'
import type { Role } from '../sources/load-role.ts'
import type { ApiParts, Handlers } from './call.ts'
import { requireRevision, unknown } from './find.ts'

export function roleHandlers(
  parts: ApiParts,
): Pick<Handlers, 'listRoles' | 'readRole' | 'listRecipes' | 'checkSources'> {
  const { revisions, catalogs } = parts

  function viewOf({ name, description, recipes, attributes }: Role) {
    const nodes = catalogs.all().filter(({ node }) => node.roles.includes(name))
    return { name, description, recipes, attributes, nodes: nodes.map(({ node }) => node.name).toSorted() }
  }

  return {
    listRoles: async () => byName(requireRevision(parts).roles.values()).map(viewOf),
    async readRole({ role: name }) {
      const { roles } = requireRevision(parts)
      const role = roles.get(name)
      if (!role) throw unknown('role', name, roles.keys())
      return viewOf(role)
    },
    async listRecipes() {
      const revision = requireRevision(parts)
      const roles = byName(revision.roles.values())
      return byName(revision.recipes.values()).map(({ name, description }) => ({
        name,
        description,
        attributes: attributeKeys(revision, name),
        roles: roles.filter(({ recipes }) => recipes.includes(name)).map((role) => role.name),
      }))
    },
    async checkSources() {
      await revisions.reload()
      await catalogs.refresh()
      const nodes = catalogs
        .all()
        .flatMap(({ node, compiled }) =>
          compiled.status === 'error' ? [{ node: node.name, error: compiled.reason }] : [],
        )
      const revision = revisions.current()?.id ?? 'none'
      return { revision, loadedAt: revisions.loadedAt(), errors: revisions.errors(), nodes }
    },
  }
}

function byName<Named extends { name: string }>(all: Iterable<Named>) {
  return [...all].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
