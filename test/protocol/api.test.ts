import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ZodType } from 'zod'
import { z } from 'zod'
import { api } from '../../protocol/api.ts'

const namesIn = (schema: ZodType) => (schema instanceof z.ZodObject ? Object.keys(schema.shape) : [])

test('every list takes and gives pages', () => {
  const lists = Object.entries(api).filter(([name]) => name.startsWith('list'))
  assert(lists.length > 10)
  const others = lists.filter(([, { input, output }]) => {
    const [asked, given] = [namesIn(input), namesIn(output)]
    return (
      !['limit', 'after', 'sort'].every((name) => asked.includes(name)) ||
      !['items', 'next'].every((name) => given.includes(name))
    )
  })
  assert.deepEqual(
    others.map(([name]) => name),
    [],
  )
})

test('no call takes an input that it does not know: a mistyped ifRevision would be no guard', () => {
  const lax = Object.entries(api).filter(([, { input }]) => {
    const { error } = input.safeParse({ ifRevisoin: 1 })
    return !error?.issues.some(({ code }) => code === 'unrecognized_keys')
  })
  assert.deepEqual(
    lax.map(([name]) => name),
    [],
  )
})

test('a number in a body must be one: only paths and queries, which are text, are read as numbers', () => {
  const lax = Object.entries(api).flatMap(([name, { method, path, input }]) => {
    const withBody = input instanceof z.ZodObject && (method === 'POST' || method === 'PUT')
    const fields = Object.entries<ZodType>(withBody ? input.shape : {})
    return fields
      .filter(([field, schema]) => !path.includes(`:${field}`) && isNumber(schema))
      .filter(([, schema]) => schema.safeParse(true).success || schema.safeParse('1').success)
      .map(([field]) => `${name} ${field}`)
  })
  assert.deepEqual(lax, [])
})

function isNumber(schema: ZodType) {
  const { type } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return type === 'number' || type === 'integer'
}
