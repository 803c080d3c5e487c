import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../../lab/run.ts'

test('a command whose group is gone before its time is over ends with the error of the time, and nothing else', async () => {
  await assert.rejects(run(['sh', '-c', 'setsid sleep 1 & exit 0'], { timeoutMs: 200 }), /took longer than 200 ms/)
})
