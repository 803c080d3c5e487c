import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDeadlines } from '../../server/deadlines.ts'

const day = 24 * 3_600_000

function unexpected(error: unknown) {
  assert.fail(String(error))
}

async function work() {
  assert.fail('it is closed')
}

test('a deadline farther than a timer can wait is kept to the millisecond', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const deadlines = createDeadlines(Date.now, unexpected)
  let done = 0
  deadlines.at(60 * day, async () => void done++)
  for (let passed = 1; passed <= 59; passed++) t.mock.timers.tick(day)
  t.mock.timers.tick(day - 1)
  assert.equal(done, 0)
  t.mock.timers.tick(1)
  assert.equal(done, 1)
})

test('what is closed does no more work, and takes no more', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const deadlines = createDeadlines(Date.now, unexpected)
  deadlines.at(10, work)
  deadlines.close()
  deadlines.at(10, work)
  t.mock.timers.tick(100)
})

test('work that fails is told', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const failed = new Promise((resolve) =>
    createDeadlines(Date.now, resolve).at(10, () => Promise.reject(new Error('no disk'))),
  )
  t.mock.timers.tick(10)
  assert.match(String(await failed), /no disk/)
})
