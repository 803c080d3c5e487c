import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { assertSeen, fillIn, stepsOf } from '../helpers/walkthrough.ts'

const page = readFileSync(new URL('../../docs/paths.md', import.meta.url), 'utf8')

test('the page has its three paths, and says after nearly each command what one sees', () => {
  const parts = stepsOf(page)
  assert.deepEqual(
    [...parts.keys()],
    ['From nothing to three converged nodes', 'Why did this node change?', 'Roll a change back'],
  )
  for (const [heading, steps] of parts) {
    const silent = steps.filter(({ seen }) => seen === '')
    assert(silent.length <= 1 && steps.length > 4, heading)
  }
})

test('what one sees is looked for line by line, and missed where it is not', () => {
  const printed = 'NODE     STATE\nweb-1    converged\nweb-2    failed\n2 nodes: 1 converged.\n'
  assertSeen(printed, 'web-1  converged\nweb-2  …\n')
  assertSeen(printed, 'NODE  STATE\n…\n2 nodes: … converged.\n')
  for (const seen of ['web-2  converged\n', 'web-1  converged\n2 nodes: 1 converged.\n', 'web-1\n', 'NODE\n…\n'])
    assert.throws(() => assertSeen(printed, seen), seen)
})

test('a word in capital letters is what stands below it in the table before', () => {
  assert.equal(
    fillIn('trivet run show RUN --diff\n', 'note\nRUN    NODE\nab12   web-1\n'),
    'trivet run show ab12 --diff\n',
  )
  assert.equal(fillIn('echo END\n', 'RUN    NODE\n'), 'echo END\n')
})
