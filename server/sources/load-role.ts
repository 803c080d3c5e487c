import { z } from 'zod'
import { AttributeError, validateLayer } from '../compile/attribute-schema.ts'
import { RoleSource } from '../role.ts'
import type { Bundle } from './bundle.ts'
import { readDefinition } from './definition.ts'
import type { Files } from './files.ts'
import { type LoadedRecipe, tryLoad } from './load-recipe.ts'
import { placesIn } from './module.ts'
import { placeOf, type SourceText } from './place-of.ts'
import { suggest } from '../suggest.ts'
import { RoleWindow } from './window.ts'

const onlyTrue = z.literal(true, 'is true, or left out').optional()

const Definition = z.strictObject({
  description: z.string().default(''),
  recipes: z.array(z.string()),
  attributes: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  watch: onlyTrue,
  audit: onlyTrue,
  window: RoleWindow.optional(),
  runDeadlineMs: z
    .int()
    .min(1000)
    .max(24 * 3600 * 1000)
    .optional(),
})

export interface Role extends z.infer<typeof Definition>, SourceText {
  name: string
}

export function loadRole(bundle: Bundle, files: Files, imports: Record<string, unknown>, errors: string[]) {
  const { path } = bundle
  const script = `trivet:${path}`
  const source = tryLoad(bundle, imports, script, placesIn(bundle, script), errors)
  if (!source) return undefined
  if (!(source.value instanceof RoleSource)) {
    errors.push(`${path}:1:1: has no role as its default export; write export default defineRole({ recipes: [ … ] })`)
    return undefined
  }
  const text = files.get(path)?.toString('utf8') ?? ''
  const definition = readDefinition(Definition, source.value.definition, { path, text }, errors)
  if (!definition) return undefined
  const name = path.slice(path.lastIndexOf('/') + 1, -'.ts'.length)
  return { name, ...definition, path, text } satisfies Role
}

/** What the role says of recipes that are not there or do not take it. */
export function checkRole(role: Role, recipes: Map<string, LoadedRecipe>) {
  const unknown = [...role.recipes, ...Object.keys(role.attributes)].filter((name) => !recipes.has(name))
  const errors = [...new Set(unknown)].map(
    (name) => `${placeOf(name, role)}: there is no recipe ${name}. ${suggest(name, recipes.keys())}`,
  )
  const twice = role.recipes.find((name, index) => role.recipes.indexOf(name) < index)
  if (twice !== undefined) errors.push(`${placeOf(twice, role)}: recipe ${twice} is listed twice; list it once`)
  return [...errors, ...Object.entries(role.attributes).flatMap((entry) => checkAttributes(role, recipes, ...entry))]
}

function checkAttributes(
  role: Role,
  recipes: Map<string, LoadedRecipe>,
  name: string,
  values: Record<string, unknown>,
) {
  const recipe = recipes.get(name)
  if (!recipe) return []
  return Object.entries(values).flatMap(([key, value]) => {
    try {
      validateLayer(recipe, [key], value)
      return []
    } catch (error) {
      if (!(error instanceof AttributeError)) throw error
      return [`${placeOf(key, role)}: ${error.message}`]
    }
  })
}
