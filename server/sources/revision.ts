import * as zod from 'zod'
import { Name } from '../../protocol/name.ts'
import { defineRecipe } from '../recipe.ts'
import { defineRole } from '../role.ts'
import { bundle } from './bundle.ts'
import { SourceError } from './errors.ts'
import { type Files, readSources, type SourceDirs, type Sources } from './files.ts'
import { type LoadedRecipe, loadRecipe } from './load-recipe.ts'
import { checkRole, loadRole, type Role } from './load-role.ts'

/** Recipes and roles as they stood on disk at one moment. */
export interface Revision {
  /** Hash of everything in both folders. */
  id: string
  roles: Map<string, Role>
  recipes: Map<string, LoadedRecipe>
}

/** Reads, builds and runs what is in both folders. Throws SourceError with everything that is wrong. */
export async function loadRevision(dirs: SourceDirs): Promise<Revision> {
  const sources = await readSources(dirs)
  const errors: string[] = []
  const [recipes, roles] = await Promise.all([loadRecipes(sources, errors), loadRoles(sources, errors)])
  // With a recipe that did not load, a role that names it would be called wrong as well.
  if (errors.length === 0) errors.push(...[...roles.values()].flatMap((role) => checkRole(role, recipes)))
  if (errors.length > 0) throw new SourceError(errors.toSorted())
  return { id: sources.id, recipes, roles }
}

async function loadRecipes({ recipes: { folder, files } }: Sources, errors: string[]) {
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
  const imports = { 'trivet/recipe': { defineRecipe }, zod }
  const loaded = bundles.flatMap((one) => loadRecipe(one, files, imports, errors) ?? [])
  return new Map(loaded.map((recipe) => [recipe.name, recipe]))
}

/** Folders whose name begins with `_` are for what several recipes share. */
function recipeNames(folder: string, files: Files) {
  const inFolders = [...files.keys()].map((path) => path.slice(folder.length + 1).split('/'))
  const names = inFolders.filter((parts) => parts.length > 1).map(([name = '']) => name)
  return [...new Set(names)].filter((name) => !name.startsWith('_'))
}

async function loadRoles({ roles: { folder, files } }: Sources, errors: string[]) {
  const inFolder = [...files.keys()].map((path) => path.slice(folder.length + 1))
  const names = inFolder.filter((path) => /^[^_/][^/]*\.ts$/.test(path)).map((path) => path.replace(/\.ts$/, ''))
  errors.push(...names.flatMap((name) => wrongName(Name, name, `${folder}/${name}.ts`)))

  const { bundles, errors: wrong } = await bundle(
    names.map((name) => `${folder}/${name}.ts`),
    files,
    ['trivet/role'],
  )
  errors.push(...wrong)
  const loaded = bundles.flatMap((one) => loadRole(one, files, { 'trivet/role': { defineRole } }, errors) ?? [])
  return new Map(loaded.map((role) => [role.name, role]))
}

/** Without dots: `zookeeper.heap.max` begins with the recipe. */
const RecipeName = Name.regex(/^[a-z0-9-]+$/, 'lower-case letters, digits and dashes')

function wrongName(schema: typeof Name, name: string, path: string) {
  const { success, error } = schema.safeParse(name)
  return success ? [] : [`${path}: its name must be ${error.issues[0]?.message}; rename it`]
}
