import assert from 'node:assert/strict'
import { test } from 'node:test'
import { untilNext } from '../../agent/daemon.ts'

test('each node has its turn once an interval, at a moment that its name decides', () => {
  const interval = 30 * 60 * 1000
  const now = 1_800_000_000_123
  for (const node of ['web-1', 'web-2', 'zk-3']) {
    const wait = untilNext(now, interval, node)
    assert(wait > 0 && wait <= interval)
    assert.equal(untilNext(now + wait - 1, interval, node), 1)
    assert.equal(untilNext(now + wait, interval, node), interval)
    assert.equal(untilNext(now + interval, interval, node), wait)
    assert.equal(untilNext(now - 5 * interval, interval, node), wait)
  }
  assert(untilNext(-5, interval, 'web-1') > 0)
})

test('a fleet spreads over the interval', () => {
  const parts = Array.from({ length: 10 }, () => 0)
  for (let index = 0; index < 1000; index++) {
    const part = Math.floor((untilNext(0, 10_000, `node-${index}`) - 1) / 1000)
    parts[part] = (parts[part] ?? 0) + 1
  }
  for (const count of parts) assert(count > 60 && count < 140, parts.join())
})
