import { z } from 'zod'
import { describeIssue, type Given } from '../../protocol/describe-issue.ts'
import { isRecord } from '../../protocol/is-record.ts'
import { suggest } from '../suggest.ts'
import { describeThrown } from '../thrown.ts'

/** An attribute that no recipe has, or a value that it does not take. */
export class AttributeError extends Error {
  override name = 'AttributeError'
}

interface Attributed {
  name: string
  attributes: z.ZodObject
}

/** Checks what one layer sets under `path`. What the layer leaves out may come from another. */
export function validateLayer(recipe: Attributed, path: string[], value: unknown) {
  checkValue(schemaAt(recipe, path), [recipe.name, ...path], value)
}

function checkValue(schema: z.ZodType, path: string[], value: unknown): void {
  const inner = unwrap(schema)
  if (inner instanceof z.ZodObject && isRecord(value)) {
    for (const key of Object.keys(value)) checkValue(member(inner, path, key), [...path, key], value[key])
    return
  }
  const { success, error } = parsed(schema, path, value)
  if (!success) throw new AttributeError(error.issues.map((issue) => issueBelow(path, issue, { value })).join('\n'))
}

/** What an author's refinement or transform throws, or that it is async, is wrong with the attribute. */
function parsed(schema: z.ZodType, path: string[], value: unknown) {
  try {
    return schema.safeParse(value)
  } catch (error) {
    const said = describeThrown(error)
    throw new AttributeError(`${path.join('.')}: its schema threw ${said}; mend it in the recipe`, { cause: error })
  }
}

/** `zookeeper.tickTime: must be a number, not "often"` */
export function issueBelow(path: string[], issue: z.core.$ZodIssue, given: Given) {
  const below = path.reduceRight((value, key) => ({ [key]: value }), given.value)
  return describeIssue({ ...issue, path: [...path, ...issue.path] }, { value: below })
}

function schemaAt({ name, attributes }: Attributed, path: string[]) {
  return path.reduce<z.ZodType>((schema, key, at) => member(schema, [name, ...path.slice(0, at)], key), attributes)
}

function member(schema: z.ZodType, path: string[], key: string): z.ZodType {
  const inner = unwrap(schema)
  const parent = path.join('.')
  if (inner instanceof z.ZodRecord) return schemaOf(inner.valueType)
  if (!(inner instanceof z.ZodObject))
    throw new AttributeError(`${parent}.${key}: ${parent} is one value; nothing lies below it`)
  if (Object.hasOwn(inner.shape, key)) return schemaOf(inner.shape[key])
  const near = suggest(key, Object.keys(inner.shape), `${parent}.`)
  throw new AttributeError(`${parent}.${key}: there is no such attribute. ${near}`)
}

/** The default of every attribute by its dotted key, undefined where there is none. */
export function defaultsOf({ name, attributes }: Attributed) {
  return Object.fromEntries(leaves([name], attributes))
}

function leaves(path: string[], schema: z.ZodType): [string, unknown][] {
  const inner = unwrap(schema)
  if (inner instanceof z.ZodObject) {
    return Object.entries(inner.shape).flatMap(([key, value]) => leaves([...path, key], schemaOf(value)))
  }
  return [[path.join('.'), defaultOf(schema)]]
}

function defaultOf(schema: z.ZodType): unknown {
  try {
    return schema.safeParse(undefined).data
  } catch {
    // A schema that throws has no default to show; compiling says what is wrong with it, for its own nodes alone.
    return undefined
  }
}

/** The schema that says what the value looks like, without what says whether it may be left out. */
function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodPipe) return unwrap(schemaOf(schema.in))
  const wraps =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  return wraps ? unwrap(schemaOf(schema.unwrap())) : schema
}

/** zod types what schemas are made of more loosely than they are. */
function schemaOf(part: unknown): z.ZodType {
  if (part instanceof z.ZodType) return part
  throw new Error('An attribute is described by something that is no schema of zod')
}
