import type { Catalog, Policy } from '../../protocol/catalog.ts'
import type { LoadedRecipe } from '../sources/load-recipe.ts'
import type { Role } from '../sources/load-role.ts'
import type { Revision } from '../sources/revision.ts'
import type { NodeInput } from './inputs.ts'

type Handling = Pick<Catalog, 'policies' | 'audit' | 'disabled' | 'runDeadlineMs'>

/** How the node is handled beyond what it should be. `listed`: each recipe with the role that decides for it. Nothing is said of what is standard. */
export function handlingOf(revision: Revision, node: NodeInput, listed: Map<string, string>): Handling {
  const policies = [...listed].flatMap(([recipe, role]) => {
    const policy = policyOf(revision.roles.get(role), revision.recipes.get(recipe))
    return Object.keys(policy).length > 0 ? [[recipe, policy] as const] : []
  })
  const deadlines = node.roles.flatMap((role) => revision.roles.get(role)?.runDeadlineMs ?? [])
  return {
    ...(policies.length > 0 && { policies: Object.fromEntries(policies) }),
    ...(node.audit && { audit: true }),
    ...(node.disabled && { disabled: node.disabled }),
    ...(deadlines.length > 0 && { runDeadlineMs: Math.min(...deadlines) }),
  }
}

function policyOf({ watch, audit, window }: Partial<Role> = {}, { cleanup }: Partial<LoadedRecipe> = {}): Policy {
  return {
    ...(watch && { watch }),
    ...(audit && { audit }),
    ...(window && { window }),
    ...(cleanup && cleanup !== 'keep' && { cleanup }),
  }
}
