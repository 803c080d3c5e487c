import { z } from 'zod'
import { Cleanup } from '../../protocol/catalog.ts'
import { describeThrown } from '../thrown.ts'
import { type RecipeContext, RecipeSource } from '../recipe.ts'
import type { Bundle } from './bundle.ts'
import { readDefinition } from './definition.ts'
import type { Files } from './files.ts'
import { placesIn, type Places, runModule } from './module.ts'
import { compileTemplates, type Templates } from './templates.ts'

const Definition = z.strictObject({
  description: z.string().default(''),
  attributes: z.instanceof(z.ZodObject, { error: 'is no schema by z.strictObject' }).default(() => z.strictObject({})),
  cleanup: Cleanup.default('keep'),
  declare: z.custom<(context: RecipeContext<unknown>) => unknown>(
    (value) => typeof value === 'function',
    'is no function',
  ),
})

export interface LoadedRecipe extends z.infer<typeof Definition> {
  name: string
  /** `recipes/nginx/nginx.ts` */
  path: string
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
  const text = files.get(path)?.toString('utf8') ?? ''
  const definition = readDefinition(Definition, source.value.definition, { path, text }, errors)
  if (!definition) return undefined
  const name = folder.slice(folder.lastIndexOf('/') + 1)
  return { name, path, ...definition, files: beside, templates, places } satisfies LoadedRecipe
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
