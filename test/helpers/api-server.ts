import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { json } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import type { Login } from '../../cli/login-file.ts'
import { makeAuthority } from './authority.ts'
import { listen } from './listen.ts'

/** What was asked: method and path with query, the body of a POST or PUT, and the bearer. */
interface Asked {
  call: string
  body: unknown
  bearer: string | undefined
  headers: IncomingHttpHeaders
}

type Answer = (response: ServerResponse) => unknown

/**
 * A real HTTPS server with a CA of its own, that answers from a list: `'GET /api/nodes': []`, where an array is a list's
 * one page. A function writes the
 * response itself. What the list lacks is answered as Trivet's server answers the unknown.
 */
export async function serveApi(t: TestContext, answers: Record<string, unknown>) {
  const authority = await makeAuthority()
  const asked: Asked[] = []
  const server = createServer(authority, (request, response) => {
    void answer(request, response, answers, asked)
  })
  const url = await listen(t, server)
  t.after(() => server.closeAllConnections())
  const token = `abcdefgh.${'s'.repeat(43)}.${authority.sha256}`
  const login: Login = { url, ca: authority.ca, token }
  return { url, login, asked, authority, answers }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  answers: Record<string, unknown>,
  asked: Asked[],
) {
  const call = `${request.method} ${request.url}`
  const body = request.headers['content-type'] ? await json(request) : undefined
  asked.push({ call, body, bearer: request.headers.authorization, headers: request.headers })
  const found = answers[call] ?? answers[call.replace(/[?&]limit=1000$/, '')]
  if (isAnswer(found)) {
    found(response)
    return
  }
  response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' })
  response.end(
    JSON.stringify(pageOf(request, found) ?? { error: `There is no ${call}.`, code: 'unknown-path', request: 'r1' }),
  )
}

/** An array stands for the one page of a list. */
function pageOf({ method }: IncomingMessage, found: unknown) {
  return method === 'GET' && Array.isArray(found) ? { items: found, next: null, total: found.length } : found
}

function isAnswer(found: unknown): found is Answer {
  return typeof found === 'function'
}

/** Server-sent events, then the end; or a cut in the middle. */
export function events(updates: unknown[], { cut = false } = {}): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(': alive\n\n')
    const text = updates.map((update) => `data: ${JSON.stringify(update)}\n\n`).join('')
    if (cut) response.write(text, () => response.socket?.destroy())
    else response.end(text)
  }
}
