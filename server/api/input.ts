import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Endpoint } from '../../protocol/api/endpoint.ts'
import { describeIssues } from '../../protocol/describe-issue.ts'
import { ApiFault } from './fault.ts'

/** Parameters of the path come last, so that a body can't speak of something else than the path does. */
export function inputOf<Input extends z.ZodType>(
  { method, input, headers = {} }: Endpoint<Input>,
  { params, query, body, headers: sent }: FastifyRequest,
): z.output<Input> {
  const rest = method === 'GET' || method === 'DELETE' ? query : (body ?? {})
  if (typeof rest !== 'object' || rest === null || Array.isArray(rest))
    throw new ApiFault('bad-input', 'The body must be a JSON object.')
  const given = Object.entries(headers).flatMap(([header, name]) =>
    sent[header] === undefined ? [] : [[name, sent[header]]],
  )
  const { success, data, error } = input.safeParse({ ...rest, ...Object.fromEntries(given), ...Object(params) })
  if (success) return data
  throw new ApiFault('bad-input', describeIssues(error).join('; '))
}
