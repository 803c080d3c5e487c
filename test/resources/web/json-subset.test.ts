import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lackingOf } from '../../../resources/web/json-subset.ts'
import { shown } from '../../helpers/converges.ts'

const lacking = (is: unknown, want: unknown) => shown(lackingOf(is, want))

test('what is not wanted may be anything, at every depth', () => {
  assert.deepEqual(lacking({ a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } }), [])
  assert.deepEqual(lacking([{ port: 1, filled: 'in' }], [{ port: 1 }]), [])
})

test('each difference is told with its place', () => {
  assert.deepEqual(lacking({ a: { b: 1, c: 'x' }, l: [{ p: 1 }] }, { a: { b: 2, c: 'x', d: true }, l: [{ p: 2 }] }), [
    'a.b: 1 → 2',
    'a.d: - → true',
    'l.0.p: 1 → 2',
  ])
  assert.deepEqual(lacking('text', { a: 1 }), ['body: "text" → {"a":1}'])
})

test('lists are compared whole, types strictly, and null with what is missing', () => {
  assert.deepEqual(lacking({ l: [1, 2] }, { l: [1] }), ['l: [1,2] → [1]'])
  assert.deepEqual(lacking({ l: [2, 1] }, { l: [1, 2] }), ['l.0: 2 → 1', 'l.1: 1 → 2'])
  assert.deepEqual(lacking({ n: '1', l: {} }, { n: 1, l: [] }), ['n: "1" → 1', 'l: {} → []'])
  assert.deepEqual(lacking({}, { gone: null }), [])
  assert.deepEqual(lacking({ gone: 0 }, { gone: null }), ['gone: 0 → null'])
})

test('a map may be exact, and a value any', () => {
  const comparing = { isExact: (path: string) => path === 'env', isAny: (_path: string, want: unknown) => want === 0 }
  const is = { env: { A: '1', B: '2' }, port: 31000 }
  assert.deepEqual(shown(lackingOf(is, { env: { A: '1' }, port: 0 }, comparing)), ['env.B: "2" → (nothing)'])
})

test('long values are cut where they are shown', () => {
  assert.match(lacking({ a: 'x'.repeat(1000) }, { a: '' })[0] ?? '', /^a: "x{199}… → ""$/)
})
