import type { IncomingMessage } from 'node:http'
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  fastify,
  type FastifyRequest,
  LogController,
} from 'fastify'
import type { z } from 'zod'
import { logFormat } from '../cli/log.ts'
import type { ApiError } from '../protocol/views.ts'
import { ApiFault } from './api/fault.ts'
import { isDeeperThan } from './depth.ts'
import { newId } from './secrets.ts'
import { isStorageFull } from './storage-full.ts'

export interface HttpOptions {
  /** The server's certificate with the CA after it, and its key; PEM. */
  chain: string
  key: string
  log: { level: string; to: NodeJS.WritableStream }
}

/** How deep JSON may be: what walks over it calls itself for each list in a list. */
const mostDepth = 100

/** HTTPS with our errors and logs, and no routes yet. */
export function createHttp({ chain, key, log }: HttpOptions) {
  const app = fastify({
    https: { cert: chain, key, minVersion: 'TLSv1.3' },
    // What is no path at all (`%zz`) comes by no hook and no error handler.
    frameworkErrors: (error, request, reply) =>
      void refuse(faultOf(error, request), request, reply.header('x-request-id', request.id)),
    bodyLimit: 1024 * 1024,
    genReqId: requestId,
    logController: new LogController({ requestIdLogLabel: 'request' }),
    // `close` must end: requests that are under way are let finish, idle connections are cut.
    forceCloseConnections: 'idle',
    logger: { level: log.level, stream: log.to, ...logFormat },
  })
  app.addHook('onRequest', async (request, reply) => void reply.header('x-request-id', request.id))
  takeJson(app)
  app.setNotFoundHandler((request, reply) =>
    refuse(
      new ApiFault('unknown-route', `There is no ${request.method} ${request.url.split('?')[0]}.`),
      request,
      reply,
    ),
  )
  app.setErrorHandler((error: FastifyError, request, reply) => refuse(faultOf(error, request), request, reply))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- fastify's type tells HTTPS from HTTP; no route asks
  return app as unknown as FastifyInstance
}

/** JSON and nothing else; fastify would take text as well. */
function takeJson(
  app: Pick<FastifyInstance, 'removeAllContentTypeParsers' | 'getDefaultJsonParser' | 'addContentTypeParser'>,
) {
  app.removeAllContentTypeParsers()
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) =>
    body.length === 0
      ? done(null, undefined)
      : parse(request, body.toString(), (error, json) => done(error ?? tooDeep(json), json)),
  )
}

function tooDeep(json: unknown) {
  if (!isDeeperThan(mostDepth, json)) return null
  return new ApiFault('bad-input', `The body has more than ${mostDepth} lists and objects within each other.`)
}

function faultOf(error: FastifyError | ApiFault, request: FastifyRequest) {
  if (error instanceof ApiFault) return error
  const status = error.statusCode ?? 500
  if (status === 413) return new ApiFault('too-large', error.message)
  if (status === 415) return new ApiFault('not-json', error.message)
  if (status < 500) return new ApiFault('bad-input', error.message)
  request.log.error(error)
  if (isStorageFull(error))
    return new ApiFault('storage-full', "The server's disk is full: make room where its data is, then ask again.")
  return new ApiFault('internal', `The server failed; its log says why at request ${request.id}.`)
}

function refuse({ code, message, details, status, headers }: ApiFault, { id }: FastifyRequest, reply: FastifyReply) {
  const body: z.infer<typeof ApiError> = {
    error: message,
    code,
    request: id,
    ...(details !== undefined && { details }),
  }
  return reply.code(status).headers(headers).send(body)
}

/** What a proxy or a program calls its request, so that logs can be read together; or a name of our own. */
function requestId({ headers }: IncomingMessage) {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : newId()
}
