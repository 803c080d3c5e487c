import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { withLock } from '../../lab/lock.ts'

test('two who want the lock get it one after the other, and a failure gives it back', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'trivet-lock-'))
  t.after(() => rm(dir, { recursive: true }))
  const steps: string[] = []
  const work = (name: string) => async () => {
    steps.push(`${name} in`)
    await new Promise((resolve) => setImmediate(resolve))
    steps.push(`${name} out`)
    if (name === 'a') throw new Error('a failed')
  }
  const path = join(dir, 'below', 'lock')

  const [a, b] = await Promise.allSettled([withLock(path, work('a')), withLock(path, work('b'))])

  assert.equal(a.status, 'rejected')
  assert.equal(b.status, 'fulfilled')
  assert.match(steps.join(), /^(a in,a out,b in,b out|b in,b out,a in,a out)$/)
})
