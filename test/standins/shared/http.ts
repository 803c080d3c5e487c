import { createServer, request as ask, type IncomingMessage, type OutgoingHttpHeaders, type Server } from 'node:http'
import type { ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { log } from './program.ts'

export interface Call {
  method: string
  path: string
  query: URLSearchParams
  body: string
  /** What the groups of the route's pattern took. */
  parts: string[]
  request: IncomingMessage
  response: ServerResponse
}

export interface Answer {
  status: number
  headers?: OutgoingHttpHeaders
  /** A text goes out as it is, anything else as JSON; none is empty. */
  body?: unknown
}

/** `handled` means that the handler has answered, or will, by itself. */
type Handler = (call: Call) => Answer | 'handled' | Promise<Answer | 'handled'>

export interface Route {
  /** `*` is any method. */
  method: string
  path: RegExp
  handler: Handler
}

export const ok = (body?: unknown, headers: OutgoingHttpHeaders = {}): Answer => ({ status: 200, body, headers })

export function serve(routes: Route[], fixed: OutgoingHttpHeaders = {}): Server {
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url = '/' } = request
    const { pathname, searchParams } = new URL(url.replace(/^\/+/, '/'), 'http://stand-in')
    for (const [name, value] of Object.entries(fixed)) if (value !== undefined) response.setHeader(name, value)
    const here = routes.filter(({ path }) => path.test(pathname))
    const route = here.find((one) => one.method === '*' || one.method === method)
    if (!route) return send(response, here.length > 0 ? { status: 405 } : notFound())
    const parts = (route.path.exec(pathname) ?? []).slice(1).map((one) => decodeURIComponent(one ?? ''))
    const body = await text(request)
    const call = { method, path: pathname, query: searchParams, body, parts, request, response }
    const given = await route.handler(call)
    return given === 'handled' ? undefined : send(response, given)
  }
  return createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      log(`${request.method} ${request.url}: ${error instanceof Error ? error.stack : String(error)}`)
      if (!response.headersSent) send(response, { status: 500, body: { message: String(error) } })
      else response.destroy()
    })
  })
}

function notFound(): Answer {
  return { status: 404, body: { message: 'URI not found' } }
}

function send(response: ServerResponse, { status, headers = {}, body }: Answer) {
  const isText = typeof body === 'string'
  const bytes = Buffer.from(isText ? body : body === undefined ? '' : JSON.stringify(body))
  const type = body === undefined ? {} : { 'content-type': isText ? 'text/plain;charset=utf-8' : 'application/json' }
  response.writeHead(status, { ...type, ...headers, 'content-length': bytes.length }).end(bytes)
}

export interface Said {
  status: number
  body: string
}

/** Asks and gives what was said, whatever it was; throws when nobody answers in time. */
export function fetchText(url: string, options: { method?: string; body?: unknown; withinMs: number }): Promise<Said> {
  const { method = 'GET', body, withinMs } = options
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? '' : JSON.stringify(body)
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const asking = ask(url, { method, headers, agent: false, signal: AbortSignal.timeout(withinMs) }, (response) => {
      text(response).then((said) => resolve({ status: response.statusCode ?? 0, body: said }), reject)
    })
    asking.on('error', reject)
    asking.end(payload)
  })
}
