import { z } from 'zod'
import type { Endpoint } from '../protocol/api/endpoint.ts'
import { maxPage, type Page } from '../protocol/api/page.ts'
import { requestFor } from '../protocol/api/request.ts'
import { describeIssues } from '../protocol/describe-issue.ts'
import { ApiError } from '../protocol/views.ts'
import { CommandError } from './command.ts'
import { chunksOf, readBody, send } from './connection.ts'
import type { Login } from './login-file.ts'
import { parseJson } from './parse-json.ts'
import { parseServerEvents } from './server-events.ts'

/** The server answered, and the answer is no. */
export class ApiFailure extends CommandError {
  override name = 'ApiFailure'
  /** Stable, for programs: `unknown-node`. */
  code: string

  details: unknown

  constructor(message: string, code: string, details?: unknown) {
    super(`${message} (${code})`)
    this.code = code
    this.details = details
  }
}

/** Calls the API: `client.call(api.readNode, { node: 'web-1' })`. */
export interface Client {
  /** The server as the login names it. */
  url: string
  call<In extends z.ZodType, Out extends z.ZodType>(
    endpoint: Endpoint<In, Out>,
    input: z.input<In>,
  ): Promise<z.output<Out>>
  /** The items of a list, page by page, until there are no more, or `most` of them. */
  list<In extends z.ZodType, Item>(
    endpoint: Endpoint<In, z.ZodType<Page<Item>>>,
    input: z.input<In>,
    most?: number,
  ): Promise<Item[]>
  /** Each server-sent event of a call whose stream is `events`, until the server ends it. */
  watch<In extends z.ZodType, Out extends z.ZodType>(
    endpoint: Endpoint<In, Out>,
    input: z.input<In>,
    signal?: AbortSignal,
  ): AsyncGenerator<z.output<Out>>
  /** The body of a call whose stream is `bytes` or `text`. */
  download<In extends z.ZodType>(endpoint: Endpoint<In>, input: z.input<In>): AsyncGenerator<Buffer>
}

export interface ClientOptions {
  /** Silence that is taken for a lost connection. */
  idleMs?: number
  /** How long the server may take until it has said who it is. */
  connectMs?: number
}

export function makeClient(login: Login, options: ClientOptions = {}): Client {
  const { idleMs = 60_000, connectMs = Math.min(10_000, idleMs) } = options
  const open = async (endpoint: Endpoint, input: unknown, signal?: AbortSignal) => {
    const request = requestFor(endpoint, checked(endpoint.input, input))
    const response = await send(login, { ...request, idleMs, connectMs, signal })
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return response
    throw failureFrom(status, await readBody(response, login.url), login.url)
  }
  const call: Client['call'] = async (endpoint, input) => {
    const response = await open(endpoint, input)
    return parseAnswer(endpoint, (await readBody(response, login.url)).toString())
  }
  return {
    url: login.url,
    call,
    list: (endpoint, input, most = Infinity) => walkPages((page) => call(endpoint, page), input, most),
    async *watch(endpoint, input, signal) {
      const response = await open(endpoint, input, signal)
      for await (const data of parseServerEvents(chunksOf(response, login.url))) yield parseAnswer(endpoint, data)
    },
    async *download(endpoint, input) {
      yield* chunksOf(await open(endpoint, input), login.url)
    },
  }
}

async function walkPages<Input, Item>(read: (page: Input) => Promise<Page<Item>>, input: Input, most: number) {
  const items: Item[] = []
  for (let after: string | null | undefined; after !== null && items.length < most;) {
    const limit = Math.min(maxPage, most - items.length)
    const page = await read({ ...input, limit, ...(after !== undefined && { after }) })
    items.push(...page.items)
    after = page.next
  }
  return items
}

/** What the server would refuse is refused here, with the same words and without a journey. */
function checked(schema: z.ZodType, given: unknown): object {
  const { success, error } = schema.safeParse(given)
  if (success) return Object(given)
  throw new CommandError(describeIssues(error, { value: given }).join('\n'))
}

function parseAnswer<Out extends z.ZodType>(endpoint: Endpoint<z.ZodType, Out>, text: string): z.output<Out> {
  const answer = endpoint.output.safeParse(parseJson(text))
  if (answer.success) return answer.data
  throw new CommandError(
    `The server's answer to ${endpoint.method} ${endpoint.path} is not what this trivet expects. ` +
      `Are both of one version? (trivet whoami, trivet --version)\n${describeIssues(answer.error).join('\n')}`,
  )
}

function failureFrom(status: number, body: Buffer, url: string) {
  const parsed = ApiError.safeParse(parseJson(body.toString()))
  if (!parsed.success)
    return new CommandError(`${url} answered ${status}, and not as a Trivet server does. Is the address right?`)
  const { error, code, details } = parsed.data
  return new ApiFailure(error, code, details)
}
