import assert from 'node:assert/strict'
import { setImmediate as turnOver } from 'node:timers/promises'
import { test } from 'node:test'
import { NotTried } from '../../../resources/define.ts'
import { sideBySide } from '../../../resources/files/side-by-side.ts'

const named = (...names: string[]) => names.map((name) => ({ name }))

test('all are made ready at once, and come to their places in order, whichever is ready first', async () => {
  const log: string[] = []
  const failed = await sideBySide(
    named('a', 'b', 'c'),
    () => 1,
    async ({ name }, turn) => {
      log.push(`ready ${name}`)
      if (name === 'a') await turnOver()
      await turn
      log.push(`in place ${name}`)
    },
  )
  assert.equal(failed.size, 0)
  assert.deepEqual(log, ['ready a', 'ready b', 'ready c', 'in place a', 'in place b', 'in place c'])
})

test('what comes after the first failure is not tried, also where it would fail sooner', async () => {
  const inPlace: string[] = []
  const failed = await sideBySide(
    named('a', 'b', 'c', 'd'),
    () => 1,
    async ({ name }, turn) => {
      if (name === 'd') throw new Error('no room for d')
      await turn
      await turnOver()
      if (name === 'b') throw new Error('no room for b')
      inPlace.push(name)
    },
  )
  assert.deepEqual(inPlace, ['a'])
  assert.equal(failed.get('b')?.message, 'no room for b')
  assert.deepEqual([...failed.keys()], ['b', 'c', 'd'])
  assert(failed.get('c') instanceof NotTried)
  assert(failed.get('d') instanceof NotTried)
})

test('no more bytes are under way at once than memory is meant for', async () => {
  const log: string[] = []
  await sideBySide(
    named('a', 'large', 'b', 'c'),
    ({ name }) => (name === 'large' ? 9 : 1) * 1024 * 1024,
    async ({ name }, turn) => {
      log.push(`ready ${name}`)
      await turn
      log.push(`in place ${name}`)
    },
  )
  const expected = ['ready a', 'in place a', 'ready large', 'in place large', 'ready b', 'ready c']
  assert.deepEqual(log.slice(0, 6), expected)
})
