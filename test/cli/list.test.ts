import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printList } from '../../cli/list.ts'
import { makeOutput } from '../../cli/output.ts'
import { Written } from '../helpers/trivet.ts'

const row = ({ name }: { name: string }) => ({ node: name })

function printed(items: { name: string }[], how: { json?: boolean; jsonl?: boolean }) {
  const [out, err] = [new Written(), new Written()]
  printList(items, { json: false, jsonl: false, ...how, row, empty: 'None.' }, { output: makeOutput(out, err) })
  return [out.text, err.text]
}

test('a list is a table, one JSON document, or one JSON a line', () => {
  const items = [{ name: 'a' }, { name: 'b' }]
  assert.deepEqual(printed(items, {}), ['NODE\na\nb\n', ''])
  assert.deepEqual(printed(items, { jsonl: true }), ['{"name":"a"}\n{"name":"b"}\n', ''])
  assert.deepEqual(JSON.parse(printed(items, { json: true })[0] ?? ''), items)
})

test('a list without items says so to people alone', () => {
  assert.deepEqual(printed([], {}), ['', 'None.\n'])
  assert.deepEqual(printed([], { jsonl: true }), ['', ''])
  assert.deepEqual(printed([], { json: true }), ['[]\n', ''])
})
