import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeOutput, printable } from '../../cli/output.ts'
import { coloured } from '../../cli/paint.ts'

function capture() {
  const written = { out: '', err: '' }
  const output = makeOutput({ write: (text) => (written.out += text) }, { write: (text) => (written.err += text) })
  return { output, written }
}

test('a table has headings, columns in line, and each row on one line', () => {
  const { output, written } = capture()

  output.table([
    { node: 'web-1', why: '' },
    { node: 'database-1', why: 'no\n  roles' },
  ])

  assert.equal(written.out, 'NODE        WHY\nweb-1\ndatabase-1  no roles\n')
})

test('colours do not move the columns', () => {
  const { output, written } = capture()

  output.table([{ state: coloured('red', 'failed'), node: 'a' }])

  assert.deepEqual(written.out.split('\n'), ['STATE   NODE', '\x1b[31mfailed\x1b[0m  a', ''])
})

test('an empty table says so to people, and gives a pipe nothing', () => {
  const { output, written } = capture()

  output.table([], 'There is nothing.')

  assert.deepEqual(written, { out: '', err: 'There is nothing.\n' })
})

test('what a node says cannot write elsewhere on the screen', () => {
  assert.equal(printable('a\x1b[2Jb\x1b]0;title\x07c\rd\x9b1A'), 'a\\x1b[2Jb\\x1b]0;title\\x07c\\x0dd\\x9b1A')
  assert.equal(printable('one\ttwo\n\x1b[31mred\x1b[0m'), 'one\ttwo\n\x1b[31mred\x1b[0m')
})
