import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { digestOf } from '../../protocol/catalog.ts'
import { isRecord } from '../../protocol/is-record.ts'

/** The same by JSON.stringify, with all keys sorted. */
function plainDigest(value: unknown) {
  const text = JSON.stringify(value, (_key, inner: unknown) => sortedByKey(inner))
  return createHash('sha256').update(text).digest('hex')
}

function sortedByKey(value: unknown) {
  return isRecord(value) ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) : value
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, inner]) => [key, reversed(inner)]),
  )
}

// A key that is a number has a place of its own in an object, wherever it was put.
const key = fc.string().map((text) => `k${text}`)
const data = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false, 0, -1.5, 1e21, 'a', 'ü', '\u2028', '"', '10', '9'),
    fc.string(),
    fc.array(fc.oneof(tie('value'), fc.constant(undefined))),
    fc.dictionary(key, fc.oneof(tie('value'), fc.constant(undefined))),
  ),
})).value

test('a digest is that of the JSON with sorted keys, whatever their order was', () => {
  fc.assert(
    fc.property(data, (value) => {
      assert.equal(digestOf(value), plainDigest(value))
      assert.equal(digestOf(reversed(value)), digestOf(value))
    }),
  )
})

test('keys that are numbers are sorted as the text that they are', () => {
  assert.equal(digestOf({ 10: 'a', 9: 'b' }), createHash('sha256').update('{"10":"a","9":"b"}').digest('hex'))
})
