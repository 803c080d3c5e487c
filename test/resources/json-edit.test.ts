import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { jsonEdit } from '../../resources/json-edit.ts'
import { editJson } from '../../resources/edits/json-text.ts'
import { edited } from '../helpers/edits.ts'

const commented = `// head
{
    // one
    "a": 1, // first
    /* two */
    "list": [
        1, // one
        2  // two
    ],
    "o": {"x": null, "y": [1, 2]},
    "z/~": "last" // why
}
`

test('json_edit makes the file, and the objects on the way', async (t) => {
  const made = '{\n  "a": {\n    "b": [\n      1\n    ]\n  }\n}\n'
  assert.equal(await edited(t, jsonEdit, null, '/a/b', { value: [1] }), made)
  assert.equal(await edited(t, jsonEdit, ' \n', '/a/b', { value: [1] }), made)
  assert.equal(await edited(t, jsonEdit, null, '/a/b', { ensure: 'absent' }), null)
})

test('json_edit changes one value, and leaves layout and comments', () => {
  const changed = (pointer: string, value: unknown) => editJson(commented, pointer, value)
  assert.equal(changed('/a', 2), commented.replace('"a": 1', '"a": 2'))
  assert.equal(changed('/z~1~0', 'x'), commented.replace('"last"', '"x"'))
  assert.equal(changed('/o/y/1', 3), commented.replace('[1, 2]', '[1, 3]'))
  assert.equal(changed('/a', 1), commented)
  assert.equal(changed('/o', { y: [1, 2], x: null }), commented, 'the order of keys is no difference')
})

test('json_edit adds behind the comment of what was last', () => {
  const changed = (pointer: string, value: unknown) => editJson(commented, pointer, value)
  assert.equal(
    changed('/new/deep', 1),
    commented.replace('"last" // why', '"last", // why\n    "new": {\n        "deep": 1\n    }'),
  )
  assert.equal(changed('/list/2', 3), commented.replace('2  // two', '2,  // two\n        3'))
  assert.equal(editJson('{\n\t"a": 1, // c\n}\n', '/b', [2]), '{\n\t"a": 1, // c\n\t"b": [\n\t\t2\n\t],\n}\n')
  assert.equal(editJson('{\n  "a": 1,\n}\n', '/b', 2), '{\n  "a": 1,\n  "b": 2,\n}\n')
})

test('json_edit removes the lines of one value, and no comments of others', () => {
  const without = (pointer: string) => editJson(commented, pointer, undefined)
  assert.equal(without('/a'), commented.replace('    "a": 1, // first\n', ''))
  assert.equal(without('/z~1~0'), commented.replace('[1, 2]},\n    "z/~": "last" // why\n', '[1, 2]}\n'))
  assert.equal(without('/list/0'), commented.replace('        1, // one\n', ''))
  assert.equal(without('/list/1'), commented.replace('1, // one\n        2  // two\n', '1 // one\n'))
  assert.equal(without('/nothing/here'), commented)
  assert.equal(editJson('{"a": 1, // why a\n  "b": 2}', '/b', undefined), '{"a": 1 // why a\n  }')
  assert.equal(editJson('[1 /* one */, 2]', '/1', undefined), '[1 /* one */ ]')
  assert.deepEqual(JSON.parse(editJson('[1, 2]', '/1', undefined)), [1])
  assert.deepEqual(JSON.parse(editJson('{"a":1,"b":2}', '/b', undefined)), { a: 1 })
})

test('json_edit takes null for nothing on the way, and __proto__ for a key', () => {
  assert.deepEqual(JSON.parse(editJson('{"a": null}', '/a/b', 1)), { a: { b: 1 } })
  assert.equal(editJson('{"__proto__": {"x": 1}, "a": 1}', '/a', 2), '{"__proto__": {"x": 1}, "a": 2}')
})

test('json_edit leaves numbers as they are written, which no reader could give back', () => {
  const text = '{"l": [1.0, 12345678901234567890, 3], "e": 1e3, "n": null}'
  assert.equal(editJson(text, '/l/2', undefined), text.replace(', 3]', ']'))
  assert.equal(editJson(text, '/l/0', undefined), text.replace('1.0, ', ''))
  assert.equal(editJson(text, '/e', undefined), text.replace(', "e": 1e3', ''))
  assert.equal(editJson('{"a": [12345678901234567890,]}', '/a/0', undefined), '{"a": []}')
  assert.match(editJson(text, '/n/x', 1), /^\{"l": \[1\.0, 12345678901234567890, 3\], "e": 1e3, "n": \{/)
  const twice = '{"a": 1, "a": 2, "n": 12345678901234567890}'
  assert.throws(
    () => editJson(twice, '/a', 3),
    /cannot be changed without changing more\. Is a key on the way there twice/,
  )
  assert.throws(() => editJson('{"a": 1, /* why */ "a": 2}', '/a', 3), /cannot be changed without changing more/)
})

test('json_edit says what it cannot do', () => {
  assert.throws(() => editJson('{"a":\n}', '/a', 1), /line 2 is no JSON \(ValueExpected\)\. Mend it/)
  assert.throws(() => editJson('{"a": 1} x', '/a', 2), /line 1 is no JSON/)
  assert.throws(() => editJson('{"a": "x"}', '/a/b', 1), /\/a\/b leads into "x", which holds nothing/)
  assert.throws(() => editJson('{"a": [1]}', '/a/2', 1), /2 is no place in a list of 1/)
  assert.throws(() => editJson('{"a": [1]}', '/a/-', 1), /- is no place in a list of 1/)
  assert.throws(() => editJson('{"a": {"b": 1}, "a": {"b": 1}, "c": {"a": 1}, "c": 2}', '/c/a', 1), /holds nothing/)
})

test('json_edit takes pointers as RFC 6901 writes them', () => {
  for (const what of ['', 'a', '/a~2', '/a~', '/[x]', '/a\n'])
    assert.equal(jsonEdit.name.safeParse(`/a.json#${what}`).success, false, what)
  for (const what of ['/', '/a/0', '/a~1b~0', '/a#b'])
    assert.equal(jsonEdit.name.safeParse(`/a.json#${what}`).success, true, what)
  assert.match(jsonEdit.problem?.('/a#/b', jsonEdit.props.parse({}), {}) ?? '', /needs a value/)
})

const key = fc.constantFrom('a', 'b', 'c/d', '~e')
const { tree: value } = fc.letrec((tie) => ({
  tree: fc.oneof({ maxDepth: 3 }, fc.constantFrom(null, true, 1, 1.5, '', 'x', '0'), tie('list'), tie('record')),
  list: fc.array(tie('tree'), { maxLength: 3 }),
  record: fc.dictionary(key, tie('tree'), { maxKeys: 3, noNullPrototype: true }),
}))
const document = fc.tuple(
  fc.dictionary(key, value, { noNullPrototype: true }),
  fc.constantFrom(undefined, 1, 2, 4, '\t'),
)

test('json_edit changes just the one value, whatever the document', () => {
  fc.assert(
    fc.property(document, fc.array(key, { minLength: 1, maxLength: 3 }), value, ([root, indent], keys, wanted) => {
      const text = JSON.stringify(root, null, indent)
      const pointer = keys.map((one) => `/${one.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
      fc.pre(holds(root, keys))
      assert.deepEqual(JSON.parse(editJson(text, pointer, wanted)), put(root, keys, wanted))
      const gone = editJson(editJson(text, pointer, wanted), pointer, undefined)
      assert.equal(at(JSON.parse(gone), keys), undefined)
    }),
  )
})

function isMap(one: unknown): one is Record<string, unknown> {
  return typeof one === 'object' && one !== null && !Array.isArray(one)
}

function at(root: unknown, keys: string[]) {
  return keys.reduce<unknown>((one, step) => (isMap(one) ? one[step] : undefined), root)
}

/** Whether everything on the way is an object or nothing. */
function holds(root: unknown, keys: string[]) {
  return keys.every((_, index) => isMap(at(root, keys.slice(0, index)) ?? {}))
}

function put(root: unknown, [step, ...more]: string[], wanted: unknown): unknown {
  if (step === undefined) return wanted
  return { ...(isMap(root) ? root : {}), [step]: put(at(root, [step]), more, wanted) }
}
