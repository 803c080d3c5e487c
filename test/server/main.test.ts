import assert from 'node:assert/strict'
import { test } from 'node:test'
import { server } from '../../server/main.ts'

test('the interval is a duration as everywhere, and never 0', () => {
  assert.equal(intervalOf().data?.interval, 1_800_000)
  assert.equal(intervalOf('1d').data?.interval, 86_400_000)
  assert.equal(intervalOf('0s').error?.issues[0]?.message, 'at least 1s')
})

function intervalOf(interval?: string) {
  return server.options.safeParse({ data: '/x', interval })
}
