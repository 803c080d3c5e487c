import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as settled } from 'node:timers/promises'
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

test('work that fails is told, and tried again until it is done', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const failures: string[] = []
  const deadlines = createDeadlines(Date.now, (error) => void failures.push(String(error)))
  let attempts = 0
  deadlines.at(10, async () => {
    attempts++
    if (attempts <= 2) throw new Error('no disk')
  })
  for (const [passed, done] of [
    [10, 1],
    [1000, 2],
    [1999, 2],
    [1, 3],
    [day, 3],
  ] as const) {
    t.mock.timers.tick(passed)
    await settled()
    assert.equal(attempts, done)
  }
  assert.deepEqual(failures, ['Error: no disk', 'Error: no disk'])
})

test('what failed is not tried again by one that is closed', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  let attempts = 0
  const deadlines = createDeadlines(Date.now, () => attempts++)
  deadlines.at(10, () => Promise.reject(new Error('no disk')))
  t.mock.timers.tick(10)
  await settled()
  deadlines.close()
  t.mock.timers.tick(day)
  await settled()
  assert.equal(attempts, 1)
})
