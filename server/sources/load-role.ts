import { z } from 'zod'
import { describeIssue } from '../../protocol/describe-issue.ts'
import { AttributeError, validateLayer } from '../compile/attribute-schema.ts'
import { RoleSource } from '../role.ts'
import type { Bundle } from './bundle.ts'
import type { Files } from './files.ts'
import { type LoadedRecipe, tryLoad } from './load-recipe.ts'
import { placesIn } from './module.ts'
import { suggest } from '../suggest.ts'

export interface Role {
  name: string
  description: string
  recipes: string[]
  attributes: Record<string, Record<string, unknown>>
  path: string
  /** The file's text, to find the line of what is wrong in it. */
  text: string
}

const Definition = z.strictObject({
  description: z.string().default(''),
  recipes: z.array(z.string()),
  attributes: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
})

export function loadRole(bundle: Bundle, files: Files, imports: Record<string, unknown>, errors: string[]) {
  const { path } = bundle
  const script = `trivet:${path}`
  const source = tryLoad(bundle, imports, script, placesIn(bundle, script), errors)
  if (!source) return undefined
  if (!(source.value instanceof RoleSource)) {
    errors.push(`${path}:1:1: has no role as its default export; write export default defineRole({ recipes: [ … ] })`)
    return undefined
  }
  const { success, data, error } = Definition.safeParse(source.value.definition)
  if (!success) {
    errors.push(...error.issues.map((issue) => `${path}:1:1: ${describeIssue(issue)}`))
    return undefined
  }
  const name = path.slice(path.lastIndexOf('/') + 1, -'.ts'.length)
  return { name, ...data, path, text: files.get(path)?.toString('utf8') ?? '' } satisfies Role
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

/** Where the role's file names it, as a string or as a key. */
function placeOf(word: string, { path, text }: Role) {
  const escaped = word.replace(/[^\w]/g, '\\$&')
  const at = text.search(new RegExp(`['"\`]${escaped}['"\`]|\\b${escaped}\\s*:`))
  if (at < 0) return `${path}:1:1`
  const before = text.slice(0, at).split('\n')
  return `${path}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
}
