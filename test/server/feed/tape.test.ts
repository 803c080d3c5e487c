import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Tape } from '../../../server/feed/tape.ts'

test('gives what was said after an id, and nothing for an id that is not of this tape or too old', () => {
  const tape = new Tape<string>(12)
  const start = tape.id
  const ids = ['aaaa', 'bbbb', 'cccc'].map((text) => {
    tape.append(() => text)
    return tape.id
  })
  assert.equal(tape.after(start), undefined, 'the first is lost: three are longer than the tape')
  assert.deepEqual(tape.after(ids[0] ?? ''), ['bbbb', 'cccc'])
  assert.deepEqual(tape.after(ids[2] ?? ''), [])
  for (const id of ['', 'x', `${tape.id}9`, `other-${tape.id.split('-')[1]}`, `${tape.id.split('-')[0]}-`])
    assert.equal(tape.after(id), undefined, id)
  tape.clear()
  assert.equal(tape.after(ids[2] ?? ''), undefined)
  assert.deepEqual(tape.after(tape.id), [])
})
