import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageOf } from '../../protocol/errors.ts'

test('an error that stands for one to each address of a name says what each of them says', () => {
  const each = [new Error('connect ECONNREFUSED ::1:1'), new Error('connect ECONNREFUSED 127.0.0.1:1')]
  assert.equal(messageOf(new AggregateError(each)), 'connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1')
  assert.equal(messageOf(new Error('broken')), 'broken')
  assert.equal(messageOf('broken'), 'broken')
})
