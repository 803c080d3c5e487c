import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mustEqual, wanted } from '../../../bench/converge/look.ts'
import { workSets } from '../../../bench/converge/work-sets.ts'
import { sha256 } from '../../../protocol/catalog.ts'

test('what is wanted of one file is its folder, its access and its bytes', () => {
  assert.deepEqual(wanted(workSets.W5), [
    '/srv/w5 755 root root directory',
    '/srv/w5/one.conf 644 root root regular file',
    `${sha256('one = 1\n')}  /srv/w5/one.conf`,
  ])
})

test('a look that differs is an error with the lines that differ', () => {
  assert.throws(() => mustEqual('after cf-agent', ['a', 'c'], ['a', 'b']), /^CommandError: after cf-agent:\n- b\n\+ c$/)
  assert.doesNotThrow(() => mustEqual('after cf-agent', ['b', 'a'], ['a', 'b']))
})
