import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text } from 'node:stream/consumers'
import { api } from '../../../protocol/api.ts'
import { server } from '../../../server/main.ts'
import { createHappenings } from '../../../server/happenings.ts'
import { createRetention } from '../../../server/retention/retention.ts'
import type { Forgettable, Keep } from '../../../server/store/retention.ts'
import { reportingAgent } from '../../helpers/reporting-agent.ts'
import { serve } from '../../helpers/test-server.ts'
import { until } from '../../helpers/until.ts'

const policyOf = (...retain: string[]) => server.options.safeParse({ data: '/x', retain })

test('what to retain is said by age, number or both, and may be said again', () => {
  assert.deepEqual(policyOf('runs=90d,1000000', 'orders=500', 'runs=30d').data?.retain, {
    runs: { ageMs: 30 * 86_400_000, newest: 1_000_000 },
    orders: { newest: 500 },
  })
  assert.deepEqual(server.options.parse({ data: '/x' }).retain, {})
})

for (const [said, why] of [
  ['runs', "'' is neither an age nor a number; write runs=90d, runs=10000 or runs=90d,10000"],
  ['runs=0', "'0' is neither"],
  ['runs=0d', "'0d' is neither"],
  ['runs=-1', "'-1' is neither"],
  ['runs=90d,', "'' is neither"],
  ['run=90d', 'there is no run to keep; did you mean runs?'],
  ['secrets=1d', 'there is no secrets to keep; there is runs, events, orders, revisions, deliveries, audit'],
] as const)
  test(`--retain ${said} is refused with what to write`, () => {
    assert(policyOf(said).error?.issues[0]?.message.startsWith(why), policyOf(said).error?.message)
  })

test('a server forgets what it is to keep no longer, counts and logs that, and keeps the last run of each node', async (t) => {
  const served = await serve(t)
  const agent = await reportingAgent(served, 'n1')
  for (let n = 0; n < 5; n++) await agent.report({ outcome: 'changed' })
  const count = async () => (await served.client.list(api.listRuns, {})).length
  assert.equal(await count(), 5)
  served.options.retain = { runs: { newest: 2 }, events: { ageMs: 86_400_000 } }
  await served.restart()
  await until('three runs are forgotten', async () => (await count()) === 2)
  await until('that is counted', async () =>
    (await text(served.client.download(api.readMetrics, {}))).includes('trivet_forgotten_total{kind="runs"} 3'),
  )
  const line = served.log.find((one) => one.includes('kept no longer'))
  assert.match(line ?? '', /"kind":"runs","count":3/)
})

function failed(error: unknown) {
  assert.fail(String(error))
}

test('a little is forgotten at a time, by how old it is when it begins, and no more once the server closes', async () => {
  const asked: [Forgettable, Keep][] = []
  let pieces = 3
  const store = {
    forget: async (kind: Forgettable, keep: Keep) => {
      asked.push([kind, keep])
      return { forgotten: 1, isDone: --pieces === 0 }
    },
  }
  const happenings = createHappenings()
  const told: unknown[] = []
  happenings.on('forgotten', (one) => told.push(one))
  const parts = { store, happenings, clock: () => 100_000, failed }
  const retention = createRetention(parts, { orders: { ageMs: 40_000, newest: 7 } })
  await retention.look()
  assert.deepEqual(
    asked,
    Array.from({ length: 3 }, () => ['orders', { since: 60_000, newest: 7 }]),
  )
  assert.deepEqual(told, [{ kind: 'orders', count: 3 }])
  pieces = Infinity
  retention.begin()
  await until('it has begun', () => asked.length > 4)
  await retention.close()
  const before = asked.length
  await retention.look()
  assert.equal(asked.length, before)
})
