import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { text } from 'node:stream/consumers'
import { api } from '../../../protocol/api.ts'
import type { ResourceEvent } from '../../../protocol/events.ts'
import { changedFile, countsOf, failedService } from '../../helpers/records.ts'
import { connect, reportOf } from '../../helpers/fake-agent.ts'
import { again, reportingAgent } from '../../helpers/reporting-agent.ts'
import { type Served, serve } from '../../helpers/test-server.ts'

const drifted: ResourceEvent = Object.assign({}, changedFile, { cause: 'drift' as const })

/** Each sample of ours by its name and labels. */
async function scrape({ client }: Served) {
  const all = await text(client.download(api.readMetrics, {}))
  const samples = all.split('\n').filter((line) => line.startsWith('trivet_'))
  return new Map(
    samples.map((line): [string, number] => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' '))),
    ]),
  )
}

/** How many nodes are in each state as the list has them. */
async function listed({ client }: Served) {
  const counts: Record<string, number> = {}
  const nodes = await client.list(api.listNodes, {})
  for (const { state } of nodes) counts[state] = (counts[state] ?? 0) + 1
  return counts
}

async function scraped(served: Served) {
  const samples = [...(await scrape(served))].filter(([name, count]) => name.startsWith('trivet_nodes{') && count > 0)
  return Object.fromEntries(samples.map(([name, count]) => [/state="(.*)"/.exec(name)?.[1] ?? '', count]))
}

test('counts runs, resources and the nodes of orders as they happen', async (t) => {
  const served = await serve(t)
  const agent = await reportingAgent(served, 'n1')
  const { id } = await served.client.call(api.createOrder, { all: true })
  await agent.report({ orders: [id], outcome: 'changed', counts: countsOf({ changed: 1, unchanged: 5 }) }, [drifted])
  const twice = await agent.report({ outcome: 'failed', counts: countsOf({ failed: 1, wouldChange: 2 }) }, [
    failedService,
  ])
  await agent.report({ id: twice, outcome: 'failed', counts: countsOf({ failed: 1 }) })

  const samples = await scrape(served)
  const of = (name: string) => samples.get(name)
  assert.equal(of('trivet_runs_total{status="changed",mode="converge"}'), 1)
  assert.equal(of('trivet_runs_total{status="failed",mode="converge"}'), 1, 'a report that comes twice is one run')
  assert.equal(of('trivet_run_duration_seconds_count{mode="converge"}'), 2)
  assert.equal(of('trivet_resources_total{status="unchanged"}'), 5)
  assert.equal(of('trivet_resources_total{status="would-change"}'), 2)
  assert.equal(of('trivet_drift_total'), 1)
  assert.equal(of('trivet_orders_given_total{mode="converge"}'), 1)
  assert.equal(of('trivet_orders_total{outcome="converged"}'), 1)
  assert.equal(of('trivet_nodes_connected'), 1)
  assert.equal(of('trivet_build_info{version="0.1.0"}'), 1)
  const success = of('trivet_last_success_timestamp_seconds{cluster="default"}') ?? 0
  assert(Math.abs(success - Date.now() / 1000) < 60)
})

test('has each node in the state that the list has it in, also after a restart and a revocation', async (t) => {
  const served = await serve(t)
  const one = await reportingAgent(served, 'n1')
  const two = await reportingAgent(served, 'n2')
  await reportingAgent(served, 'n3')
  await reportingAgent(served, 'n4', [])
  const five = await reportingAgent(served, 'n5')
  await one.report({ outcome: 'failed' })
  await two.report({ outcome: 'changed' })
  await five.report({ outcome: 'unchanged', waits: { 'gate[quorum]': '1 of 2' } })
  const wanted = { failed: 1, changed: 1, new: 1, unassigned: 1, pending: 1 }
  assert.deepEqual(await listed(served), wanted)
  assert.deepEqual(await scraped(served), wanted)

  await served.restart()
  assert.deepEqual(await scraped(served), wanted)
  const back = await again(served, one.keys)
  await back.report({ outcome: 'unchanged' })
  await served.client.call(api.revokeNode, { node: 'n2' })
  const then = { unchanged: 1, new: 1, unassigned: 1, pending: 1 }
  assert.deepEqual(await listed(served), then)
  assert.deepEqual(await scraped(served), then)
})

test('tells how much the connected nodes have still to bring', async (t) => {
  const served = await serve(t)
  const spoolBytes = async () => (await scrape(served)).get('trivet_spool_bytes')
  const [one, two] = [await reportingAgent(served, 'n1'), await reportingAgent(served, 'n2')]
  assert.equal(await spoolBytes(), 0, 'agents of before do not say')

  await connect(served.place, one.keys, { spoolBytes: 100 })
  const other = await connect(served.place, two.keys, { spoolBytes: 5000 })
  assert.equal(await spoolBytes(), 5100)
  other.send({ type: 'report', report: reportOf(randomUUID()), clock: Date.now(), spoolBytes: 2000 })
  await other.next('stored')
  assert.equal(await spoolBytes(), 2100)
  await served.client.call(api.revokeNode, { node: 'n2' })
  assert.equal(await spoolBytes(), 100, 'who is gone says nothing')
})

test('a late report is no standing', async (t) => {
  const served = await serve(t)
  const agent = await reportingAgent(served, 'n1')
  await agent.report({ outcome: 'changed' })
  await agent.report({ outcome: 'failed', startedAt: 1000, finishedAt: 2000 })
  assert.deepEqual(await scraped(served), { changed: 1 })
  assert.deepEqual(await listed(served), { changed: 1 })
})

test('tells how long calls of the API took, by their path in the table', async (t) => {
  const served = await serve(t)
  await reportingAgent(served, 'n1')
  await served.client.call(api.readNode, { node: 'n1' })
  const name = 'trivet_api_request_duration_seconds_count{method="GET",path="/api/nodes/:node",status="2xx"}'
  assert.equal((await scrape(served)).get(name), 1)
})
