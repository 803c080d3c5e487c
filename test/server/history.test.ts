import assert from 'node:assert/strict'
import { test } from 'node:test'
import { api } from '../../protocol/api.ts'
import { changedFile, countsOf, failedService } from '../helpers/records.ts'
import { reportingAgent } from '../helpers/reporting-agent.ts'
import { serve } from '../helpers/test-server.ts'

test('the fleet at a glance counts nodes by state, and says what failed last and what is under way', async (t) => {
  const served = await serve(t)
  const { client } = served
  const [good, bad] = [await reportingAgent(served, 'good'), await reportingAgent(served, 'bad')]
  const drifted = { ...changedFile, cause: 'drift' as const }
  const mended = await good.report({ outcome: 'failed', counts: countsOf({ failed: 1 }) }, [failedService])
  await good.report({ outcome: 'changed', counts: countsOf({ changed: 1 }) }, [changedFile])
  const failed = await bad.report({ outcome: 'failed', counts: countsOf({ failed: 1 }) }, [drifted, failedService])
  const { id } = await client.call(api.createOrder, { nodes: ['good'] })
  const fleet = await client.call(api.readFleet, { days: 2 })
  assert.deepEqual([fleet.nodes, fleet.states, fleet.offline], [2, { changed: 1, failed: 1 }, 0])
  assert.deepEqual([fleet.drifting, fleet.behind, fleet.owing], [1, 0, 0])
  assert.deepEqual(
    fleet.failures.map(({ node, still, run, resource, error }) => [node, still, run, resource, error]),
    [
      ['bad', true, failed, 'service[nginx]', failedService.outcome === 'failed' && failedService.error],
      ['good', false, mended, 'service[nginx]', failedService.outcome === 'failed' && failedService.error],
    ],
  )
  assert.deepEqual([fleet.orders[0]?.id, fleet.orders[0]?.states], [id, { waiting: 1 }])
  assert.equal(fleet.days.length, 2)
  const day = fleet.days.reduce((sum, { runs }) => sum + (runs.changed ?? 0) + (runs.failed ?? 0), 0)
  assert.equal(day, 3)
  const nowhere = await client.call(api.readFleet, { cluster: 'nowhere' })
  assert.deepEqual([nowhere.nodes, nowhere.orders], [0, []])
})

test('runs are counted by hour and outcome, of all nodes and of one', async (t) => {
  const served = await serve(t)
  const { client } = served
  const [one, other] = [await reportingAgent(served, 'one'), await reportingAgent(served, 'other')]
  const finishedAt = Date.now() - 2 * 3600 * 1000
  for (const agent of [one, one, other]) await agent.report({ startedAt: finishedAt, finishedAt })
  await one.report({ mode: 'plan', outcome: 'would-change', startedAt: finishedAt, finishedAt })
  const told = async (asked: { node?: string; mode?: 'plan' | 'converge'; cluster?: string; from?: number }) =>
    (await client.call(api.readActivity, asked)).map(({ outcome, runs }) => [outcome, runs])
  assert.deepEqual(await told({ mode: 'converge' }), [['unchanged', 3]])
  assert.deepEqual(await told({}), [
    ['unchanged', 3],
    ['would-change', 1],
  ])
  assert.deepEqual(await told({ node: 'one' }), [
    ['unchanged', 2],
    ['would-change', 1],
  ])
  assert.deepEqual(await told({ cluster: 'nowhere' }), [])
  assert.deepEqual(await told({ from: Date.now() }), [])
})

test('a timeline has runs, orders and writes of one node, in pages that miss and double nothing', async (t) => {
  const served = await serve(t)
  const { client } = served
  const agent = await reportingAgent(served, 'web-1')
  await reportingAgent(served, 'web-11')
  await client.call(api.setAttribute, { scope: 'nodes', name: 'web-1', key: 'word.word', value: 'hi' })
  await client.call(api.setAttribute, { scope: 'nodes', name: 'web-11', key: 'word.word', value: 'ho' })
  await client.call(api.createOrder, { nodes: ['web-1'] })
  for (let run = 0; run < 3; run++) await agent.report()
  const whole = await client.call(api.readTimeline, { node: 'web-1' })
  const types = whole.items.map(({ type }) => type)
  assert.deepEqual(types.toSorted(), ['order', 'run', 'run', 'run', 'write', 'write'].toSorted())
  const writes = whole.items.flatMap((item) => (item.type === 'write' ? [[item.action, item.subject]] : []))
  assert.deepEqual(writes[0], ['set-attribute', 'node web-1: word.word'])
  assert.equal(whole.next, null)
  const paged = []
  for (let after: string | undefined; ;) {
    const page = await client.call(api.readTimeline, { node: 'web-1', limit: 2, after })
    assert(page.items.length > 0, 'no page is empty')
    paged.push(...page.items)
    if (page.next === null) break
    after = page.next
  }
  assert.deepEqual(paged, whole.items)
  const { items: oldestFirst } = await client.call(api.readTimeline, { node: 'web-1', sort: 'at' })
  assert.deepEqual(oldestFirst, whole.items.toReversed())
  const made = Buffer.from(JSON.stringify(['-at', 1, 'nothing', '1'])).toString('base64url')
  for (const after of ['x', made])
    await assert.rejects(client.call(api.readTimeline, { node: 'web-1', after }), /bad-page/)
})

test('two runs stand beside each other by what they did', async (t) => {
  const served = await serve(t)
  const agent = await reportingAgent(served, 'web-1')
  const first = await agent.report({ outcome: 'changed' }, [changedFile, failedService])
  const second = await agent.report({ outcome: 'changed' }, [{ ...changedFile, durationMs: 99 }])
  const { runs, items } = await served.client.call(api.compareRuns, { id: first, with: second })
  assert.deepEqual(
    runs.map(({ id }) => id),
    [first, second],
  )
  assert.deepEqual(
    items.map(({ subject, events, same }) => [subject, events.map((event) => event?.outcome), same]),
    [
      ['file[/etc/motd]', ['changed', 'changed'], true],
      ['service[nginx]', ['failed', undefined], false],
    ],
  )
})

test('two nodes stand beside each other by attributes, roles and catalogs', async (t) => {
  const served = await serve(t)
  const { client } = served
  await reportingAgent(served, 'one')
  await reportingAgent(served, 'other')
  await client.call(api.setAttribute, { scope: 'nodes', name: 'other', key: 'word.word', value: 'bye' })
  const compared = await client.call(api.compareNodes, { node: 'one', with: 'other' })
  assert.deepEqual(compared.attributes, [{ name: 'word.word', values: [null, 'bye'] }])
  assert.deepEqual(compared.roles, [['word'], ['word']])
  assert.deepEqual(
    compared.resources.map(({ id, of }) => [id, of]),
    [['file[/etc/word]', 'both']],
  )
  assert.equal(compared.same, 0)
})
