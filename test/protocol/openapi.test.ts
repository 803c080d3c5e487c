import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { z } from 'zod'
import { apiPage } from '../../docs/api.ts'
import { api } from '../../protocol/api.ts'
import type { Endpoint } from '../../protocol/api/endpoint.ts'
import { inputsOf, openApi } from '../../protocol/api/openapi.ts'

const document = openApi(api, '0.1.0')

test('the OpenAPI document is one, by the schema of OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(document))
  assert(valid, JSON.stringify(errors, null, 2))
})

test('each call is in it once, with all its inputs, and each reference leads somewhere', () => {
  const Call = z.object({
    operationId: z.string(),
    parameters: z.array(z.object({ name: z.string(), in: z.string() })),
  })
  const calls = Object.values(document.paths).flatMap((path) => Object.values(path).map((call) => Call.parse(call)))
  assert.deepEqual(calls.map(({ operationId }) => operationId).toSorted(), Object.keys(api).toSorted())
  const endpoints: [string, Endpoint][] = Object.entries(api)
  for (const [name, endpoint] of endpoints) {
    const { parameters, rest } = inputsOf(endpoint)
    const given = endpoint.input instanceof z.ZodObject ? Object.keys(endpoint.input.shape) : []
    assert.equal(parameters.length + Object.keys(rest.properties).length, given.length, name)
    if (endpoint.method === 'GET' || endpoint.method === 'DELETE') assert.deepEqual(rest.properties, {}, name)
  }
  const names = Object.keys(document.components.schemas)
  for (const [, name = ''] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g))
    assert(names.includes(name), name)
  assert(!JSON.stringify(document).includes('$defs'))
})

test('the page of the API is as the table says', () => {
  const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8')
  assert.equal(page, apiPage(api), 'docs/api.md is stale: npm run docs')
})
