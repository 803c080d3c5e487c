import { type FastifyError, type FastifyInstance, fastify, type FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { ApiError } from '../protocol/views.ts'
import { ApiFault } from './api/fault.ts'

export interface HttpOptions {
  /** The server's certificate with the CA after it, and its key; PEM. */
  chain: string
  key: string
  log: { level: string; to: NodeJS.WritableStream }
}

/** HTTPS with our errors and logs, and no routes yet. */
export function createHttp({ chain, key, log }: HttpOptions) {
  const app = fastify({
    https: { cert: chain, key, minVersion: 'TLSv1.3' },
    bodyLimit: 1024 * 1024,
    // `close` must end: requests that are under way are let finish, idle connections are cut.
    forceCloseConnections: 'idle',
    logger: { level: log.level, stream: log.to, redact: ['req.headers.authorization', '*.secret', '*.token'] },
  })
  // JSON and nothing else; fastify would take text as well.
  app.removeAllContentTypeParsers()
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) =>
    body.length === 0 ? done(null, undefined) : parse(request, body.toString(), done),
  )
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send(errorOf('unknown-route', `There is no ${request.method} ${request.url.split('?')[0]}.`)),
  )
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const { status, body } = explain(error, request)
    return reply.code(status).send(body)
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- fastify's type tells HTTPS from HTTP; no route asks
  return app as unknown as FastifyInstance
}

const codes: Record<number, string> = { 400: 'bad-input', 413: 'too-large', 415: 'not-json' }

function explain(error: FastifyError, request: FastifyRequest) {
  if (error instanceof ApiFault) return { status: error.status, body: errorOf(error.code, error.message) }
  const status = error.statusCode ?? 500
  if (status < 500) return { status, body: errorOf(codes[status] ?? 'bad-request', error.message) }
  request.log.error(error)
  return { status: 500, body: errorOf('internal', `The server failed; its log says why at request ${request.id}.`) }
}

function errorOf(code: string, error: string): z.infer<typeof ApiError> {
  return { error, code }
}
