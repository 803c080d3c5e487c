import { z } from 'zod'
import { isRecord } from '../../protocol/is-record.ts'
import type { ResourceType } from '../../resources/define.ts'
import { resourceTypes } from '../../resources/index.ts'
import { type Declarable, sharedKeys } from '../compile/draft.ts'
import type { RecipeContext, ResourceFunctions } from '../recipe.ts'
import type { Bundle } from './bundle.ts'
import { readDefinition } from './definition.ts'
import type { Files } from './files.ts'
import { tryLoad } from './load-recipe.ts'
import { placesIn } from './module.ts'
import { placeOf } from './place-of.ts'

/** A resource type that is not ours. */
export interface LoadedType {
  /** `types/motd.ts` */
  path: string
  type: ResourceType
  declarable: Declarable
  /** What the agent runs. */
  code: string
}

const wrongFunction = 'is no function'
const isFunction = z.custom((value) => typeof value === 'function', wrongFunction)
const isSchema = z.instanceof(z.ZodType, { error: 'is no schema of zod' })

/** With a line for each thing that a type may say, so that a slip of the pen is not taken for nothing. */
const definition = {
  type: z.string().regex(/^[a-z][a-z0-9_]*$/, 'must be lower-case letters, digits and _, and begin with a letter'),
  summary: z.string(),
  example: z.string().optional(),
  props: z.instanceof(z.ZodObject, { error: 'is no schema by z.strictObject' }),
  name: isSchema,
  blobs: z.array(z.string()).optional(),
  problem: isFunction.optional(),
  units: isFunction.optional(),
  paths: isFunction.optional(),
  edits: isFunction.optional(),
  owns: isFunction.optional(),
  among: isFunction.optional(),
  check: isFunction,
  apply: isFunction,
  applyMany: isFunction.optional(),
  manyAtMost: z.int().positive().optional(),
  effects: isFunction.optional(),
  effectsMany: isFunction.optional(),
  unwanted: isFunction.optional(),
  seesWhatRuns: z.boolean().optional(),
  waits: z.literal(true).optional(),
  by: z.string().optional(),
  actionEffects: isFunction.optional(),
  actions: z.record(z.string(), isFunction).optional(),
  satisfies: isFunction.optional(),
  sweep: isFunction.optional(),
} satisfies Record<keyof ResourceType, z.ZodType>
const Definition = z.strictObject(definition)

/** What a recipe is given beside the functions of the types. */
const otherwiseTaken: Record<Exclude<keyof RecipeContext<unknown>, keyof ResourceFunctions>, true> = {
  attributes: true,
  node: true,
  cluster: true,
  template: true,
  source: true,
  folder: true,
  text: true,
  attributesOf: true,
  refuse: true,
}

export function loadType(bundle: Bundle, files: Files, imports: Record<string, unknown>, errors: string[]) {
  const { path, code } = bundle
  const script = `trivet:${path}`
  const places = placesIn(bundle, script)
  const source = { path, text: files.get(path)?.toString('utf8') ?? '' }
  const loaded = tryLoad(bundle, imports, script, places, errors)
  if (!loaded) return undefined
  const type = loaded.value
  if (!isResourceType(type)) {
    if (isRecord(type)) readDefinition(Definition, type, source, errors)
    else
      errors.push(`${path}:1:1: has no resource type as its default export; write export default defineResource({ … })`)
    return undefined
  }
  const name = path.slice(path.lastIndexOf('/') + 1, -'.ts'.length)
  const wrong = problemWith(type.type, name)
  if (wrong !== undefined) errors.push(`${placeOf('type', source)}: ${wrong}`)
  const shared =
    type.props instanceof z.ZodObject ? Object.keys(type.props.shape).filter((key) => sharedKeys.has(key)) : []
  errors.push(
    ...shared.map((key) => `${placeOf(key, source)}: every resource has ${key} already; name the prop otherwise`),
  )
  const threw = (error: unknown) => {
    const place = places.ofError(error)
    return `${place.path}:${place.line}`
  }
  return { path, type, code, declarable: { ...type, problem: problemOf(type), threw } } satisfies LoadedType
}

function isResourceType(value: unknown): value is ResourceType {
  return Definition.safeParse(value).success
}

function problemWith(type: string, name: string) {
  if (type !== name) return `its type is '${type}', so its file must be ${type}.ts; rename one of the two`
  if (Object.hasOwn(resourceTypes, type)) return `Trivet has a resource type ${type} of its own; name yours otherwise`
  if (Object.hasOwn(otherwiseTaken, type)) return `recipes are given ${type} already; name the type otherwise`
  return undefined
}

/** Catalogs are JSON, and the agent reads the props from there by the same schema. */
function problemOf(type: ResourceType): NonNullable<Declarable['problem']> {
  return (name, want, common) => {
    const problem = type.problem?.(name, want, common)
    if (problem !== undefined) return problem
    const again = type.props.safeParse(JSON.parse(JSON.stringify(want)))
    return again.success && JSON.stringify(again.data) === JSON.stringify(want)
      ? undefined
      : `its type gives props that are others once they have been written as JSON; let the schema of ${type.type} give plain data that it takes again`
  }
}
