import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Duration, relative, took, Until } from '../../cli/time.ts'

test('durations are read in days, hours, minutes and seconds', () => {
  assert.equal(Duration.parse('90s'), 90_000)
  assert.equal(Duration.parse('10m'), 600_000)
  assert.equal(Duration.parse('1h30m'), 5_400_000)
  assert.equal(Duration.parse('2d'), 172_800_000)
})

test('what is no duration is refused with examples', () => {
  for (const text of ['', '10', 'm', '1.5h', '-1h', '10m 5s', '1w']) {
    assert.match(String(Duration.safeParse(text).error?.issues[0]?.message), /is no duration; write 90s/, text)
  }
})

test('an end is a span from now or a time, here unless it says where', () => {
  const now = Date.UTC(2026, 0, 2)
  const at = (text: string) => Until.parse(text)(now)
  assert.equal(at('2h'), now + 7_200_000)
  assert.equal(at('3d'), now + 3 * 86_400_000)
  assert.equal(at('2026-12-01T18:00Z'), Date.UTC(2026, 11, 1, 18))
  assert.equal(at('2026-12-01 18:00:30+01:00'), Date.UTC(2026, 11, 1, 17, 0, 30))
  assert.equal(at('2026-12-01T18:00'), new Date(2026, 11, 1, 18).getTime())
  assert.equal(at('2026-12-01'), new Date(2026, 11, 1).getTime())
  for (const text of ['', 'tomorrow', '18:00', '2026-02-30', '2026-12-01T25:00', '2026-12-01T18:00 UTC', '1w'])
    assert.match(String(Until.safeParse(text).error?.issues[0]?.message), /is no time; write 2h, 3d/, text)
})

test('times are told as people tell them', () => {
  const now = 1_000_000_000_000
  assert.deepEqual(
    [0, 5, 90, 3 * 3600, 47 * 3600, 72 * 3600].map((seconds) => relative(now - seconds * 1000, now)),
    ['just now', '5s ago', '1m ago', '3h ago', '47h ago', '3d ago'],
  )
  assert.equal(relative(now + 3_600_000 - 900, now), 'in 1h')
  assert.equal(relative(now + 7_199_000, now), 'in 2h')
  assert.deepEqual([0, 999, 3400, 41_200, 119_700, 125_000].map(took), [
    '0ms',
    '999ms',
    '3.4s',
    '41s',
    '2m 0s',
    '2m 5s',
  ])
})
