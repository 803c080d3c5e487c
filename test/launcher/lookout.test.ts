import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Unreachable } from '../../cli/connection.ts'
import { Lookout } from '../../launcher/lookout.ts'
import { ProviderIsAway } from '../../launcher/provider.ts'

function lookout(more: Partial<ConstructorParameters<typeof Lookout>[0]> = {}) {
  const calls = { machines: 0 }
  const sources = {
    machines: async () => {
      calls.machines++
      return []
    },
    nodes: async () => new Map(),
    everyMs: 1,
    signal: new AbortController().signal,
    note: () => undefined,
    ...more,
  }
  return { calls, lookout: new Lookout(sources) }
}

test('all who wait share one look', async () => {
  const { calls, lookout: one } = lookout()
  let views = 0
  const third = () => (++views > 6 ? true : undefined)
  await Promise.all([one.until(third, 1000, () => 'late'), one.until(third, 1000, () => 'late')])
  assert(calls.machines <= views / 2 + 1, `${calls.machines} looks for ${views} views`)
})

test('what comes late is told in the words of who waits', async () => {
  await assert.rejects(
    lookout().lookout.until(
      () => undefined,
      5,
      () => 'the node never came',
    ),
    { name: 'CommandError', message: 'the node never came' },
  )
})

test('a server that is away is waited for, and told of once', async () => {
  const said: string[] = []
  let away = 3
  const { lookout: one } = lookout({
    note: (text) => said.push(text),
    nodes: async () => {
      if (away === 0) return new Map()
      away--
      throw new Unreachable('The server is away.')
    },
  })
  let views = 0
  await one.until(
    () => (++views === 5 ? true : undefined),
    1000,
    () => 'late',
  )
  assert.deepEqual(said, ['The server is away. Asked again until it answers.', 'The server answers again.'])
})

test('a provider that is away is waited for as well, once it has answered', async () => {
  const said: string[] = []
  let answers = 0
  const { lookout: one } = lookout({
    note: (text) => said.push(text),
    machines: async () => {
      answers++
      if (answers === 2 || answers === 3) throw new ProviderIsAway('EC2 is away.')
      return []
    },
  })
  await one.look()
  let views = 0
  await one.until(
    () => (++views === 4 ? true : undefined),
    1000,
    () => 'late',
  )
  assert.deepEqual(said, ['EC2 is away. Asked again until it answers.', 'The provider answers again.'])
  answers = 1
  await assert.rejects(one.look(), { name: 'ProviderIsAway' })
})

test('Ctrl-C ends the waiting, and says that the same again goes on', async () => {
  const controller = new AbortController()
  const { lookout: one } = lookout({ signal: controller.signal, everyMs: 60_000 })
  const waiting = one.until(
    () => undefined,
    60_000,
    () => 'late',
  )
  controller.abort()
  await assert.rejects(waiting, { name: 'CommandError', message: /trivet launch up goes on/ })
  await assert.rejects(one.look(), /trivet launch up goes on/)
})
