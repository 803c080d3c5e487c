import { z } from 'zod'
import { Time } from '../events.ts'
import { Name } from '../name.ts'
import type { Access } from '../views.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** One call of the HTTP API. `input` is path parameters, then query (GET, DELETE) or JSON body, in one record. */
export interface Endpoint<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  method: Method
  /** `:name` stands for the input of that name. */
  path: string
  access: Access | 'public'
  /** It heeds the caller's clusters. Who is limited to some clusters may call nothing else. */
  scoped?: true
  summary: string
  input: Input
  /** Inputs that come as headers, by the header's name; those of a stream that goes on, and those that programs add. */
  headers?: Record<string, string>
  output: Output
  /** What the response is when it is not one JSON: server-sent events of `output`, bytes, or text of the type that it says. */
  stream?: 'events' | 'bytes' | 'text'
}

export function endpoint<Input extends z.ZodType, Output extends z.ZodType>(given: Endpoint<Input, Output>) {
  return given
}

/** The revision that a write was thought out on: where it is another by now, the write is refused. */
export const ifRevision = z.int().min(0).optional().describe('Only if nothing was written since this revision.')
/** The same in a query, which is text. */
export const ifRevisionAsked = z.coerce
  .number()
  .int()
  .min(0)
  .optional()
  .describe(ifRevision.description ?? '')
export const none = z.strictObject({})
export const node = z.strictObject({ node: Name })
/** A time in a query, which is text. */
export const moment = z.coerce.number().pipe(Time)
/** A yes or no in a query. */
export const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((word) => word === 'true')])
