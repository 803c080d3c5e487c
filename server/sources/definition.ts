import { z } from 'zod'
import { describeIssue, type Given } from '../../protocol/describe-issue.ts'
import { suggest } from '../suggest.ts'
import { placeOf, type SourceText } from './place-of.ts'

/** What an author's default export says, or undefined with what is wrong in `errors`, each with its line. */
export function readDefinition<Schema extends z.ZodObject>(
  schema: Schema,
  definition: unknown,
  source: SourceText,
  errors: string[],
): z.output<Schema> | undefined {
  const { success, data, error } = schema.safeParse(definition)
  if (success) return data
  errors.push(...error.issues.flatMap((issue) => describe(issue, schema, source, { value: definition })))
  return undefined
}

function describe(issue: z.core.$ZodIssue, { shape }: z.ZodObject, source: SourceText, given: Given) {
  const path = issue.path.map(String)
  if (issue.code !== 'unrecognized_keys')
    return [`${placeOf(path.findLast((part) => !/^\d+$/.test(part)) ?? '', source)}: ${describeIssue(issue, given)}`]
  const parent = path.join('.')
  return issue.keys.map((key) => {
    const near = parent === '' ? ` ${suggest(key, Object.keys(shape))}` : ''
    return `${placeOf(key, source)}: ${[...path, key].join('.')}: there is no such setting.${near}`
  })
}
