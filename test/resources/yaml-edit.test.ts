import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { yamlEdit } from '../../resources/yaml-edit.ts'
import { editYaml } from '../../resources/edits/yaml-text.ts'
import { edited } from '../helpers/edits.ts'

const text = `# top
a:   1   # one
mode: 0644
on: yes
list:
- x   # xx
-   y
# c2

nested:
    deep: "quoted"   # d
    octal: 012
    # about long
    long: this is a very long line that goes beyond eighty characters for sure and should not be folded by the library
    empty:   # nothing
anch: &x {a: 1,b: [1,2]}
al: *x
tag: !vault |
  hello
   there
`

test('yaml_edit makes the file, and the maps on the way', async (t) => {
  assert.equal(await edited(t, yamlEdit, null, '/a/b', { value: ['x'] }), 'a:\n  b:\n    - x\n')
  assert.equal(await edited(t, yamlEdit, '# only this\n', '/a', { value: 1 }), '# only this\n\na: 1\n')
  assert.equal(await edited(t, yamlEdit, '---\n# x\n', '/a', { value: 'x' }), '---\n# x\na: x\n')
  assert.equal(await edited(t, yamlEdit, null, '/a/b', { ensure: 'absent' }), null)
})

test('yaml_edit changes the lines of one value, and leaves all others as they are written', () => {
  const changed = (pointer: string, value: unknown) => editYaml(text, pointer, value)
  assert.equal(changed('/a', 2), text.replace('a:   1   # one', 'a: 2 # one'))
  assert.equal(changed('/nested/new', 'v'), text.replace('# nothing\n', '# nothing\n    new: v\n'))
  assert.equal(changed('/nested/deep', 'x'), text.replace('"quoted"   # d', '"x" # d'))
  assert.equal(
    changed('/nested/empty/port', 80),
    text.replace('empty:   # nothing', 'empty:\n        # nothing\n        port: 80'),
  )
  assert.equal(changed('/list/2', 'z'), text.replace('-   y\n', '-   y\n- z\n'))
  assert.equal(changed('/nested/octal', undefined), text.replace('    octal: 012\n', ''))
  assert.equal(changed('/list/0', undefined), text.replace('- x   # xx\n', ''))
  assert.equal(changed('/a', 1), text)
  assert.equal(changed('/nothing/here', undefined), text)
  assert.equal(editYaml('{a: 1, "b": 2}\n', '/c', 'x'), '{a: 1, "b": 2, c: x}\n')
  assert.equal(editYaml('a:\n- b: 1\n  c: 2\n- b: 3\n', '/a/1/c', 4), 'a:\n- b: 1\n  c: 2\n- b: 3\n  c: 4\n')
  assert.equal(editYaml('8080: x # c\n', '/8080', 'z'), '8080: z # c\n')
})

test('yaml_edit writes a text so that no reader takes it for something else', () => {
  for (const word of [
    'yes',
    'on',
    'null',
    '0644',
    '1_000',
    '1.0',
    '~',
    '',
    '2001-01-01',
    '12:30:45',
    'a: b',
    '# x',
    '- x',
  ])
    for (const version of ['1.1', '1.2'] as const) {
      assert.equal(parse(editYaml('a: 1\n', '/a', word), { version }).a, word)
      assert.equal(Object.keys(parse(editYaml('a: 1\n', '/b', { [word]: 1 }), { version }).b)[0], word)
    }
  assert.equal(editYaml('a: 1\n', '/b', 'plain'), 'a: 1\nb: plain\n')
  assert.equal(editYaml('', '/b', 'x\ny\n'), 'b: |\n  x\n  y\n')
})

test('yaml_edit says what it cannot do', () => {
  assert.throws(() => editYaml('a: [1\n', '/a', 1), /it cannot be read as YAML: .* at line 2, column 1\. Mend it/)
  assert.throws(() => editYaml('a: 1\na: 2\n', '/a', 1), /Map keys must be unique/)
  assert.throws(() => editYaml('a: 1\n---\nb: 2\n', '/a', 2), /multiple documents/)
  assert.throws(() => editYaml(text, '/al/a', 2), /Expected YAML collection at al/)
  assert.throws(() => editYaml(text, '/anch', 2), /Unresolved alias/)
  assert.throws(() => editYaml('a: &x 1\nb: *x\n', '/a', 2), /Unresolved alias/)
  assert.throws(() => editYaml('a: x\n', '/a/b', 2), /\/a\/b leads into "x", which holds nothing/)
})

const key = fc.constantFrom('a', 'b', 'yes', '8080', 'c: d', '')
const scalar = fc.constantFrom(null, true, 1, 1.5, '', 'x', 'yes', '0', 'a: b', 'l1\nl2\n', '# c', ' x ')
const { tree: value } = fc.letrec((tie) => ({
  tree: fc.oneof({ maxDepth: 3 }, scalar, tie('list'), tie('record')),
  list: fc.array(tie('tree'), { maxLength: 3 }),
  record: fc.dictionary(key, tie('tree'), { maxKeys: 3, noNullPrototype: true }),
}))
const layout = fc.record({ indent: fc.constantFrom(2, 4), indentSeq: fc.boolean(), blockQuote: fc.boolean() })

test('yaml_edit changes just the one value, whatever the document', () => {
  fc.assert(
    fc.property(
      fc.dictionary(key, value, { noNullPrototype: true }),
      layout,
      key,
      key,
      value,
      (root, options, first, second, wanted) => {
        const before = stringify(root, options)
        assert.deepEqual(parse(editYaml(before, `/${first}`, wanted)), { ...root, [first]: wanted })
        const inner = root[first] ?? {}
        if (typeof inner !== 'object' || Array.isArray(inner)) return
        const deep = editYaml(before, `/${first}/${second}`, wanted)
        assert.deepEqual(parse(deep), { ...root, [first]: { ...inner, [second]: wanted } })
        const { [second]: _, ...rest } = { ...inner, [second]: wanted }
        assert.deepEqual(parse(editYaml(deep, `/${first}/${second}`, undefined)), { ...root, [first]: rest })
      },
    ),
  )
})
