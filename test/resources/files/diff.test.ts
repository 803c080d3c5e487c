import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diffOf } from '../../../resources/files/diff.ts'

const of = (word: string) => Buffer.from(Array.from({ length: 400 }, (_, at) => `${word} ${at}\n`).join(''))

test('what differs is shown the same on a machine that has no time', async (t) => {
  let now = 0
  t.mock.method(Date, 'now', () => (now += 60_000))
  t.mock.method(performance, 'now', () => (now += 60_000))
  assert.equal(
    await diffOf(Buffer.from('one\ntwo\n'), Buffer.from('one\nthree\n'), '/etc/it'),
    '--- /etc/it\n+++ /etc/it\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n',
  )
})

test('texts that have nothing in common are told by their sizes', async () => {
  assert.match((await diffOf(of('one'), of('two'), '/etc/it')) ?? '', /^too different to show: \d+ bytes → \d+ bytes$/)
  assert.match((await diffOf(null, of('two'), '/etc/it')) ?? '', /^--- \/dev\/null\n/)
})
