import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { api } from '../../protocol/api.ts'
import type { Endpoint } from '../../protocol/api/endpoint.ts'
import { apiTokenHandlers } from './api-tokens.ts'
import { attributeHandlers } from './attributes.ts'
import { authenticate, authorize, stillMay } from './auth.ts'
import type { ApiParts, Handlers, Subscribe, Text } from './call.ts'
import type { Caller } from './caller.ts'
import { serveEvents } from './events.ts'
import { explainHandlers } from './explain.ts'
import { exportHandlers } from './export.ts'
import { compareHandlers } from './compare.ts'
import { fleetHandlers } from './fleet.ts'
import { feedHandlers } from './feed.ts'
import { inputOf } from './input.ts'
import { leaseHandlers } from './leases.ts'
import { lifecycleHandlers } from './lifecycle.ts'
import { nodeHandlers } from './nodes.ts'
import { orderHandlers } from './orders.ts'
import { revisionHandlers } from './revisions.ts'
import { roleHandlers } from './roles.ts'
import { runHandlers } from './runs.ts'
import { serverHandlers } from './server.ts'
import { registerSession, type SessionParts } from './session.ts'
import { stanceHandlers } from './stances.ts'
import { timelineHandlers } from './timeline.ts'
import { tokenHandlers } from './tokens.ts'
import { userHandlers } from './users.ts'
import { webhookHandlers } from './webhooks.ts'

type Handle = (input: unknown, caller: Caller) => Promise<unknown>

/** Serves every call of the table, each behind its access. */
export function registerApi(app: FastifyInstance, parts: ApiParts & SessionParts) {
  const handlers: Handlers = {
    ...serverHandlers(parts),
    ...fleetHandlers(parts),
    ...timelineHandlers(parts),
    ...compareHandlers(parts),
    ...nodeHandlers(parts),
    ...lifecycleHandlers(parts),
    ...stanceHandlers(parts),
    ...attributeHandlers(parts),
    ...explainHandlers(parts),
    ...roleHandlers(parts),
    ...revisionHandlers(parts),
    ...tokenHandlers(parts),
    ...userHandlers(parts),
    ...apiTokenHandlers(parts),
    ...orderHandlers(parts),
    ...runHandlers(parts),
    ...leaseHandlers(parts),
    ...feedHandlers(parts),
    ...webhookHandlers(parts),
    ...exportHandlers(parts),
  }
  registerSession(app, parts)
  const endpoints = new Map<string, Endpoint>(Object.entries(api))
  app.addHook('onResponse', async ({ method, routeOptions: { url } }, reply) => {
    if (url !== undefined) parts.metrics.observeRequest(method, url, reply.statusCode, reply.elapsedTime)
  })
  for (const [name, handle] of Object.entries(handlers)) {
    const endpoint = endpoints.get(name)
    if (!endpoint) throw new Error(`No call of the API is named ${name}.`)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `Handlers` pairs each with its input; a loop forgets which
    const call = { endpoint, handle: handle as Handle }
    const { method, path: url } = endpoint
    app.route({ method, url, handler: (request, reply) => serve(parts, call, request, reply) })
  }
}

async function serve(
  parts: ApiParts & SessionParts,
  { endpoint, handle }: { endpoint: Endpoint; handle: Handle },
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const caller = await authenticate(parts, request)
  authorize(caller, endpoint)
  const result = await handle(inputOf(endpoint, request), caller)
  if (endpoint.method !== 'GET' && changesRights.test(endpoint.path)) parts.streams.check()
  if (isSubscribe(result)) return serveEvents(reply, result, parts.streams, () => stillMay(parts, request, caller))
  if (endpoint.stream === 'text' && isText(result)) return reply.type(result.type).send(result.body)
  return reply.type(endpoint.stream === 'bytes' ? 'application/octet-stream' : 'application/json').send(result)
}

const changesRights = /^\/api\/(users|api-tokens)\b/

function isSubscribe(result: unknown): result is Subscribe<object> {
  return typeof result === 'function'
}

function isText(result: unknown): result is Text {
  return typeof result === 'object' && result !== null && 'type' in result && 'body' in result
}
