import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { openLog } from '../../cli/log.ts'

test('a line says when, how bad, what and of what, and no secret', async () => {
  const to = new PassThrough()
  openLog(to)('order taken', { level: 'warn', order: 'o1', token: 'hush', asked: { secret: 'hush', token: 'hush' } })
  to.end()
  const { ts, ...line } = JSON.parse(await text(to))
  assert.match(ts, /^\d{4}-.*Z$/)
  const token = '[Redacted]'
  assert.deepEqual(line, { level: 'warn', msg: 'order taken', order: 'o1', token, asked: { secret: token, token } })
})
