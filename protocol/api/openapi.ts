import { z } from 'zod'
import * as views from '../views.ts'
import { codes } from './codes.ts'
import type { Endpoint } from './endpoint.ts'

type Schema = z.core.JSONSchema.BaseSchema

/** The table of calls as OpenAPI 3.1 has it. */
export function openApi(table: Record<string, Endpoint>, version: string) {
  const shared = new Map<string, Schema>()
  const named = namedViews()
  const outputOf = (schema: z.ZodType) => {
    const options = { io: 'output', metadata: named, unrepresentable: 'any', override: openToMore } as const
    const { $schema: _, $defs = {}, ...own } = z.toJSONSchema(schema, options)
    for (const [name, one] of Object.entries($defs)) shared.set(name, one)
    return own
  }
  const errors = { description: 'Refused.', content: { 'application/json': { schema: outputOf(views.ApiError) } } }
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [name, endpoint] of Object.entries(table)) {
    const path = endpoint.path.replaceAll(/:(\w+)/g, '{$1}')
    const call = { operationId: name, ...callOf(endpoint, outputOf(endpoint.output)) }
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: call }
  }
  return pointed({
    openapi: '3.1.0',
    info: {
      title: 'Trivet',
      version,
      description: `Codes of errors: ${Object.keys(codes).join(', ')}. docs/errors.md explains each.`,
    },
    paths,
    security: [{ token: [] }],
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'An API token.' } },
      responses: { Error: errors },
      schemas: Object.fromEntries([...shared].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    },
  })
}

/** The views by their names, so that a schema that many calls share is written once. */
function namedViews() {
  const named = z.registry<{ id: string }>()
  for (const [id, view] of Object.entries(views)) if (view instanceof z.ZodType) named.add(view, { id })
  return named
}

/** Answers may get more fields in time. */
function openToMore({ jsonSchema }: { jsonSchema: Schema }) {
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
}

/** What any JSON may be takes a schema that holds itself, and is told as anything. */
function inputSchema(input: z.ZodType): Schema {
  const { $schema: _, $defs: _anyJson, ...own } = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' })
  return JSON.parse(JSON.stringify(own).replaceAll(/\{"\$ref":"#\/\$defs\/__schema\d+"\}/g, '{}'))
}

const types = {
  json: 'application/json',
  events: 'text/event-stream',
  bytes: 'application/octet-stream',
  text: 'text/plain',
}

function callOf(endpoint: Endpoint, output: Schema) {
  const { access, summary, stream, method, path } = endpoint
  const type = types[stream ?? 'json']
  const { parameters, rest } = inputsOf(endpoint)
  const hasBody = method === 'POST' || method === 'PUT'
  return {
    summary,
    tags: [nounOf(path)],
    description: access === 'public' ? 'For anybody.' : `For ${access}s, and those who may do more.`,
    parameters,
    ...(hasBody && { requestBody: { content: { 'application/json': { schema: rest } } } }),
    responses: {
      200: {
        description: stream === 'events' ? 'Server-sent events, each of this schema.' : 'Done.',
        content: { [type]: { schema: output } },
      },
      default: { $ref: '#/components/responses/Error' },
    },
  }
}

/** `/api/nodes/:node` is about nodes. */
export function nounOf(path: string) {
  return path.split('/').find((part) => part !== '' && part !== 'api' && !part.startsWith(':')) ?? ''
}

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  description?: string
  schema: Schema
}

/** Where each input goes: path, header, query; `rest` is the body of those that have one. */
export function inputsOf({ path, method, input, headers = {} }: Endpoint) {
  const { properties = {}, required = [], ...schema } = inputSchema(input)
  const inPath = new Set([...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name))
  const inHeader = new Map(Object.entries(headers).map(([header, name]) => [name, header]))
  const placeOf = (name: string) => {
    if (inPath.has(name)) return 'path' as const
    if (inHeader.has(name)) return 'header' as const
    return method === 'GET' || method === 'DELETE' ? ('query' as const) : undefined
  }
  const parameters = Object.entries(properties).flatMap(([name, given]): Parameter[] => {
    const place = placeOf(name)
    const { description, ...of } = typeof given === 'object' ? given : {}
    const called = place === 'header' ? (inHeader.get(name) ?? name) : name
    const about = { name: called, required: place === 'path' || required.includes(name), schema: of }
    return place ? [{ in: place, ...about, ...(description !== undefined && { description }) }] : []
  })
  const inBody = Object.entries(properties).filter(([name]) => placeOf(name) === undefined)
  const names = inBody.map(([name]) => name)
  return {
    parameters,
    rest: {
      ...schema,
      properties: Object.fromEntries(inBody),
      ...(required.some((name) => names.includes(name)) && {
        required: required.filter((name) => names.includes(name)),
      }),
    },
  }
}

/** JSON Schema keeps what is shared under `$defs`, OpenAPI under its components. */
function pointed<Value>(value: Value): Value {
  const text = JSON.stringify(value).replaceAll('"#/$defs/', '"#/components/schemas/')
  return JSON.parse(text)
}
