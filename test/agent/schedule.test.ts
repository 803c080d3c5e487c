import assert from 'node:assert/strict'
import { test } from 'node:test'
import { untilNext, untilWindow } from '../../agent/schedule.ts'

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

const interval = 30 * 60 * 1000
const at = (time: string) => Date.parse(time)
const windows = (...all: [cron: string, minutes: number, timezone?: string][]) =>
  Object.fromEntries(
    all.map(([cron, minutes, timezone], index) => [
      `recipe-${index}`,
      { window: { cron, minutes, ...(timezone !== undefined && { timezone }) } },
    ]),
  )

test('a node has a turn in each window, however short, in its first half', async () => {
  const policies = windows(['0 3 * * 0', 1])
  for (const node of ['web-1', 'web-2', 'zk-3']) {
    const now = at('2026-11-21T00:00:00Z')
    const wait = (await untilWindow(policies, now, interval, node)) ?? 0
    const turn = now + wait - at('2026-11-22T03:00:00Z')
    assert(turn >= 1000 && turn <= 30_000, String(turn))
    // A run before it, in the window too, as of an order, does not take it away; one after it leaves the next.
    assert.equal(await untilWindow(policies, now + wait - 1500, interval, node), 1500)
    const week = 7 * 24 * 3600 * 1000
    assert.equal(await untilWindow(policies, now + wait, interval, node), week)
  }
})

test('of several windows the next one counts, each in its time zone', async () => {
  const now = at('2026-11-21T00:00:00Z')
  const wait = await untilWindow(windows(['0 3 * * *', 2], ['0 3 * * *', 2, 'Asia/Tokyo']), now, interval, 'web-1')
  const turn = new Date(now + (wait ?? 0)).toISOString()
  assert.match(turn, /^2026-11-21T03:00:/)
  const tokyo = await untilWindow(windows(['0 3 * * *', 2, 'Asia/Tokyo']), now, interval, 'web-1')
  assert.match(new Date(now + (tokyo ?? 0)).toISOString(), /^2026-11-21T18:00:/)
})

test('without a window there is no such turn, nor where none comes any more', async () => {
  assert.equal(await untilWindow({}, 0, interval, 'web-1'), undefined)
  assert.equal(await untilWindow({ web: { watch: true } }, 0, interval, 'web-1'), undefined)
})
