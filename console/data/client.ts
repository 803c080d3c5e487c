import type { z } from 'zod'
import type { Endpoint } from '../../protocol/api/endpoint.ts'
import { requestFor } from '../../protocol/api/request.ts'
import { sessionHeader } from '../../protocol/api/session.ts'
import { ApiError } from '../../protocol/views.ts'
import { signedIn } from './signed-in.ts'

/** The server answered, and the answer is no; or it did not answer. */
export class Failure extends Error {
  override name = 'Failure'
  code: string
  details: unknown

  constructor(message: string, code: string, details?: unknown) {
    super(message)
    this.code = code
    this.details = details
  }
}

/** Calls the API: `call(api.readNode, { node: 'web-1' })`. */
export async function call<In extends z.ZodType, Out extends z.ZodType>(
  endpoint: Endpoint<In, Out>,
  input: z.input<In> & object,
  signal?: AbortSignal,
): Promise<z.output<Out>> {
  const response = await open(endpoint, input, signal)
  const answer = endpoint.output.safeParse(await response.json())
  if (answer.success) return answer.data
  throw new Failure(
    `What the server answers to ${endpoint.method} ${endpoint.path} is not what this page expects. Load the page anew.`,
    'unexpected-answer',
  )
}

/** The response, once it is known to be a good one. */
export async function open(endpoint: Endpoint, input: object, signal?: AbortSignal): Promise<Response> {
  const { method, path, headers, body } = requestFor(endpoint, isAsked(endpoint) ? filledIn(input) : input)
  const json = body !== undefined && { 'content-type': 'application/json' }
  const response = await fetch(path, {
    method,
    headers: { [sessionHeader]: '1', ...headers, ...json },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw new Failure('The server does not answer. It is asked again.', 'no-answer')
  })
  if (response.ok) return response
  const said = ApiError.safeParse(await response.json().catch(() => undefined))
  if (response.status === 401) signedIn.set(null)
  if (!said.success) throw new Failure(`The server answered ${response.status}.`, 'unknown')
  throw new Failure(said.data.error, said.data.code, 'details' in said.data ? said.data.details : undefined)
}

const isAsked = ({ method }: Endpoint) => method === 'GET' || method === 'DELETE'

/** A filter that nobody has filled in is none. */
function filledIn(filter: object) {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ''))
}
