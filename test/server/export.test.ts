import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { api } from '../../protocol/api.ts'
import { StoredRun } from '../../protocol/views.ts'
import { countsOf, failedService } from '../helpers/records.ts'
import { reportingAgent } from '../helpers/reporting-agent.ts'
import { type Served, serve } from '../helpers/test-server.ts'

function exported({ client }: Served, input: Parameters<typeof client.download<typeof api.exportRuns.input>>[1]) {
  return text(client.download(api.exportRuns, input))
}

test('exports every run once, newest first, over many pages, with events when asked', async (t) => {
  const served = await serve(t)
  const agent = await reportingAgent(served, 'n1')
  const ids: string[] = []
  const now = Date.now()
  for (let i = 0; i < 450; i++) ids.push(await agent.report({ finishedAt: now - 1_000_000 + i * 2000 }))
  const failed = await agent.report({ outcome: 'failed', counts: countsOf({ failed: 1 }) }, [failedService])
  const lines = (await exported(served, {})).trim().split('\n')
  assert.deepEqual(
    lines.map((line) => StoredRun.parse(JSON.parse(line)).id),
    [failed, ...ids.toReversed()],
  )
  const [only, ...others] = (await exported(served, { from: now - 1000, events: true })).trim().split('\n')
  assert.deepEqual(others, [])
  assert.deepEqual(JSON.parse(only ?? '').events, [failedService])
  assert.equal(await exported(served, { to: 1000 }), '')
  assert.equal((await exported(served, { outcome: 'failed', node: 'n1' })).trim().split('\n').length, 1)
  await assert.rejects(exported(served, { node: 'n2' }), /unknown-node/)
})

test('writes CSV that a spreadsheet takes for text', async (t) => {
  const served = await serve(t)
  const agent = await reportingAgent(served, 'n1')
  const error = '=HYPERLINK("http://x.example"), and\na "quote"'
  const id = await agent.report({ outcome: 'failed', error, owed: ['restart service[a]', 'reload service[b]'] })
  const csv = await exported(served, { format: 'csv' })
  const [header, row, rest] = [csv.split('\r\n')[0], csv.split('\r\n')[1] ?? '', csv.split('\r\n').slice(2)]
  assert.match(header ?? '', /^id,node,mode,trigger,outcome,startedAt,.*,owed,catalog,error$/)
  assert(row.startsWith(`${id},n1,converge,schedule,failed,20`), row)
  assert(row.includes('restart service[a]; reload service[b]'))
  assert(row.endsWith(`"'=HYPERLINK(""http://x.example""), and\na ""quote"""`), row)
  assert.deepEqual(rest, [''])
  await assert.rejects(exported(served, { format: 'csv', events: true }), /no room/)
})

test('exports every row of the audit that is asked for once, over many pages, as lines and as CSV', async (t) => {
  const { client, ...served } = await serve(t)
  for (let i = 0; i < 210; i++) await served.joinToken()
  const all = await client.list(api.listAudit, {})
  const exportedAs = (input: Parameters<typeof client.download<typeof api.exportAudit.input>>[1]) =>
    text(client.download(api.exportAudit, input))
  const lines = (await exportedAs({})).trim().split('\n')
  assert(lines.length >= 210)
  assert.deepEqual(
    lines.map((line) => api.listAudit.output.shape.items.element.parse(JSON.parse(line))),
    all,
  )
  assert.equal(await exportedAs({ author: 'nobody' }), '')
  assert.equal(await exportedAs({ to: 1000 }), '')
  const rows = (await exportedAs({ format: 'csv', action: all[0]?.action })).trimEnd().split('\r\n')
  assert.equal(rows[0], 'id,at,author,token,from,cluster,action,subject,before,after')
  assert.equal(rows.length - 1, all.filter(({ action }) => action === all[0]?.action).length)
  assert(rows[1]?.startsWith(`${all[0]?.id},20`), rows[1])
})
