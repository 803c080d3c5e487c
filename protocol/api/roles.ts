import { z } from 'zod'
import { Name } from '../name.ts'
import { RevisionView } from '../revision.ts'
import { RecipeView, RoleSummary, RoleView, SourceCheck } from '../views.ts'
import { endpoint, none } from './endpoint.ts'
import { pageInput, pageOf } from './page.ts'

export const rolesApi = {
  listRoles: endpoint({
    method: 'GET',
    path: '/api/roles',
    access: 'viewer',
    scoped: true,
    summary: 'All roles with their recipes and how many nodes have them.',
    input: z.strictObject({ recipe: Name.optional(), ...pageInput(['name', '-name']) }),
    output: pageOf(RoleSummary),
  }),
  readRole: endpoint({
    method: 'GET',
    path: '/api/roles/:role',
    access: 'viewer',
    scoped: true,
    summary: 'One role.',
    input: z.strictObject({ role: Name }),
    output: RoleView,
  }),
  listRecipes: endpoint({
    method: 'GET',
    path: '/api/recipes',
    access: 'viewer',
    scoped: true,
    summary: 'All recipes with their attributes.',
    input: z.strictObject(pageInput(['name', '-name'])),
    output: pageOf(RecipeView),
  }),
  readRecipe: endpoint({
    method: 'GET',
    path: '/api/recipes/:recipe',
    access: 'viewer',
    scoped: true,
    summary: 'One recipe.',
    input: z.strictObject({ recipe: Name }),
    output: RecipeView,
  }),
  readRevision: endpoint({
    method: 'GET',
    path: '/api/revision',
    access: 'viewer',
    scoped: true,
    summary: 'Which recipes and roles are in force, and which files changed with them; operators see how.',
    input: none,
    output: RevisionView,
  }),
  checkSources: endpoint({
    method: 'POST',
    path: '/api/recipes/check',
    access: 'operator',
    scoped: true,
    summary: 'Load recipes and roles from disk now and compile every node.',
    input: none,
    output: SourceCheck,
  }),
}
