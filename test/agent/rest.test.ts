import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'node:test'
import { Rest } from '../../agent/rest.ts'
import { until } from './tiny.ts'

test('memory is given back when nothing has run for a while, once', async () => {
  let collected = 0
  const rest = new Rest(30, () => void collected++)
  for (let run = 0; run < 3; run++) {
    rest.end()
    rest.begin()
  }
  await until('it has collected', () => collected > 0)
  await delay(60)
  assert.equal(collected, 1)
  rest.begin()
  rest.end()
  await delay(60)
  assert.equal(collected, 1)
})

test('what nobody holds any more is gone after a rest', async () => {
  const gone = new WeakRef({ large: Buffer.alloc(1024) })
  new Rest(1).begin()
  await until('it is collected', () => gone.deref() === undefined)
})
