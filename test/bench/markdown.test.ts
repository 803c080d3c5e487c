import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { markdownTable, replaceSection } from '../../bench/markdown.ts'

test('a table lines up as plain text too, numbers to the right', () => {
  const table = markdownTable(
    ['what', 'ms'],
    [
      ['one', '12.3'],
      ['another', '4'],
    ],
  )
  assert.equal(table, '| what    |   ms |\n| ------- | ---: |\n| one     | 12.3 |\n| another |    4 |')
})

test('a section is replaced between its marks, and nothing else', () => {
  const document = 'before\n<!-- speed -->\nold\n<!-- /speed -->\nafter\n'
  const replaced = 'before\n<!-- speed -->\n\nnew\n\n<!-- /speed -->\nafter\n'
  assert.equal(replaceSection(document, 'speed', 'new'), replaced)
  assert.equal(replaceSection(replaced, 'speed', 'new'), replaced)
})

test('a document without the section is an error that names the marks', () => {
  assert.throws(() => replaceSection('nothing here', 'speed', 'new'), /<!-- speed -->/)
})

test('the README has a section for the tables of each bench', () => {
  const readme = readFileSync(new URL('../../bench/README.md', import.meta.url), 'utf8')
  for (const name of ['converge', 'linearity', 'memory', 'drift']) {
    assert.ok(replaceSection(readme, name, `the tables of ${name}`).includes(`\n\nthe tables of ${name}\n\n`))
  }
})
