import * as zod from 'zod'
import * as resource from '../../resources/resource.ts'
import { Name } from '../../protocol/name.ts'
import { defineRecipe, suggest } from '../recipe.ts'
import { defineRole } from '../role.ts'
import type { Digests, RevisionContent } from '../store/revisions.ts'
import { builtins, bundle } from './bundle.ts'
import { bundleDigest, keptFiles, nameOf } from './digests.ts'
import { SourceError } from './errors.ts'
import { type Files, readSources, type SourceDirs, type Sources } from './files.ts'
import { type LoadedRecipe, loadRecipe } from './load-recipe.ts'
import { checkRole, loadRole, type Role } from './load-role.ts'
import { type LoadedType, loadType } from './load-type.ts'

/** Recipes, roles and resource types as they stood on disk at one moment. */
export interface Revision {
  /** Hash of everything in the folders. */
  id: string
  roles: Map<string, Role>
  recipes: Map<string, LoadedRecipe>
  /** Those that are not ours. */
  types: Map<string, LoadedType>
  content: RevisionContent
}

/** Reads, builds and runs what is in the folders. Throws SourceError with everything that is wrong. */
export async function loadRevision(dirs: SourceDirs): Promise<Revision> {
  const sources = await readSources(dirs)
  const errors: string[] = []
  const content: RevisionContent = { files: keptFiles(sources), recipes: {}, roles: {}, types: {} }
  const [recipes, roles, types] = await Promise.all([
    loadRecipes(sources, errors, content.recipes),
    loadRoles(sources, errors, content.roles),
    loadTypes(sources, errors, content.types),
  ])
  // With a recipe that did not load, a role that names it would be called wrong as well.
  if (errors.length === 0) errors.push(...[...roles.values()].flatMap((role) => checkRole(role, recipes)))
  if (errors.length > 0) throw new SourceError(errors.toSorted())
  return { id: sources.id, recipes, roles, types, content }
}

async function loadRecipes({ recipes: { folder, files } }: Sources, errors: string[], digests: Digests) {
  const names = recipeNames(folder, files)
  const entries = names.map((name) => `${folder}/${name}/${name}.ts`)
  errors.push(...names.flatMap((name) => wrongName(RecipeName, name, `${folder}/${name}`)))
  errors.push(
    ...entries
      .filter((path) => !files.has(path))
      .map((path) => `${path}: is missing; a recipe's folder holds a file of its name`),
  )

  const present = entries.filter((path) => files.has(path))
  const { bundles, errors: wrong } = await bundle(present, files, ['trivet/recipe', 'zod'])
  errors.push(...wrong)
  const imports = { 'trivet/recipe': { defineRecipe, suggest }, zod }
  const loaded = bundles.flatMap((one) => loadRecipe(one, files, imports, errors) ?? [])
  const recipes = new Map(loaded.map((recipe) => [recipe.name, recipe]))
  for (const one of bundles) digests[nameOf(one)] = bundleDigest(one, recipes.get(nameOf(one))?.files)
  return recipes
}

/** Folders whose name begins with `_` are for what several recipes share. */
function recipeNames(folder: string, files: Files) {
  const inFolders = [...files.keys()].map((path) => path.slice(folder.length + 1).split('/'))
  const names = inFolders.filter((parts) => parts.length > 1).map(([name = '']) => name)
  return [...new Set(names)].filter((name) => !name.startsWith('_'))
}

async function loadRoles({ roles: { folder, files } }: Sources, errors: string[], digests: Digests) {
  const names = namesIn(folder, files)
  errors.push(...names.flatMap((name) => wrongName(Name, name, `${folder}/${name}.ts`)))

  const entries = names.map((name) => `${folder}/${name}.ts`)
  const { bundles, errors: wrong } = await bundle(entries, files, ['trivet/role'])
  errors.push(...wrong)
  for (const one of bundles) digests[nameOf(one)] = bundleDigest(one)
  const loaded = bundles.flatMap((one) => loadRole(one, files, { 'trivet/role': { defineRole } }, errors) ?? [])
  return new Map(loaded.map((role) => [role.name, role]))
}

/** What an author tests a type by may lie beside it. */
async function loadTypes({ types: { folder, files } }: Sources, errors: string[], digests: Digests) {
  const entries = namesIn(folder, files).flatMap((name) => (name.endsWith('.test') ? [] : [`${folder}/${name}.ts`]))
  const { bundles, errors: wrong } = await bundle(entries, files, ['trivet/resource', 'zod', builtins])
  errors.push(...wrong)
  const imports = { 'trivet/resource': resource, zod }
  for (const one of bundles) digests[nameOf(one)] = bundleDigest(one)
  const loaded = bundles.flatMap((one) => loadType(one, files, imports, errors) ?? [])
  return new Map(loaded.map((one) => [one.type.type, one]))
}

/** Of the files that lie in the folder itself; those whose name begins with `_` are for what several share. */
function namesIn(folder: string, files: Files) {
  const inFolder = [...files.keys()].map((path) => path.slice(folder.length + 1))
  return inFolder.filter((path) => /^[^_/][^/]*\.ts$/.test(path)).map((path) => path.replace(/\.ts$/, ''))
}

/** Without dots: `zookeeper.heap.max` begins with the recipe. */
const RecipeName = Name.regex(/^[a-z0-9-]+$/, 'lower-case letters, digits and dashes')

function wrongName(schema: typeof Name, name: string, path: string) {
  const { success, error } = schema.safeParse(name)
  return success ? [] : [`${path}: its name must be ${error.issues[0]?.message}; rename it`]
}
