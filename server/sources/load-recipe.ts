import { z } from 'zod'
import { describeThrown } from '../thrown.ts'
import { type RecipeContext, RecipeSource } from '../recipe.ts'
import type { Bundle } from './bundle.ts'
import type { Files } from './files.ts'
import { placesIn, type Places, runModule } from './module.ts'
import { compileTemplates, type Templates } from './templates.ts'

export interface LoadedRecipe {
  name: string
  description: string
  /** `recipes/nginx/nginx.ts` */
  path: string
  attributes: z.ZodObject
  declare: (context: RecipeContext<unknown>) => unknown
  /** What lies beside the recipe and is no code, by path from its folder. */
  files: Files
  templates: Templates
  places: Places
}

export function loadRecipe(bundle: Bundle, files: Files, imports: Record<string, unknown>, errors: string[]) {
  const { path } = bundle
  const folder = path.slice(0, path.lastIndexOf('/'))
  const beside = filesUnder(folder, files)
  const templates = compileTemplates(folder, beside, errors)
  const script = `trivet:${path}`
  const places = placesIn(bundle, script)

  const source = tryLoad(bundle, imports, script, places, errors)
  if (!source) return undefined
  if (!(source.value instanceof RecipeSource)) {
    errors.push(
      `${path}:1:1: has no recipe as its default export; write export default defineRecipe({ declare() { … } })`,
    )
    return undefined
  }
  const { definition } = source.value
  const { description = '', attributes = z.strictObject({}) } = definition
  const name = folder.slice(folder.lastIndexOf('/') + 1)
  const declare = (context: RecipeContext<unknown>) => definition.declare(context)
  return { name, description, path, attributes, declare, files: beside, templates, places } satisfies LoadedRecipe
}

/** Runs the module. Whatever it throws is the author's, with its place. */
export function tryLoad(
  bundle: Bundle,
  imports: Record<string, unknown>,
  script: string,
  places: Places,
  errors: string[],
) {
  try {
    return { value: runModule(bundle, imports, script) }
  } catch (error) {
    const { path, line, column } = places.ofError(error)
    errors.push(
      `${path}:${line}:${column}: threw while it was loaded: ${error instanceof Error ? error.message : describeThrown(error)}`,
    )
    return undefined
  }
}

function filesUnder(folder: string, files: Files): Files {
  const under = [...files].filter(([path]) => path.startsWith(`${folder}/`) && !path.endsWith('.ts'))
  return new Map(under.map(([path, bytes]) => [path.slice(folder.length + 1), bytes]))
}
