import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closest } from '../../protocol/closest.ts'

test('the closest word is found for slips, and none for other words', () => {
  const verbs = ['node list', 'node show', 'converge', 'run list']
  assert.equal(closest('node lsit', verbs), 'node list')
  assert.equal(closest('convrge', verbs), 'converge')
  assert.equal(closest('rum list', verbs), 'run list')
  assert.equal(closest('banana', verbs), undefined)
})
