import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { failedService } from '../helpers/records.ts'
import { reportingAgent } from '../helpers/reporting-agent.ts'
import { serve } from '../helpers/test-server.ts'
import { until } from '../helpers/until.ts'

const Line = z.looseObject({ ts: z.iso.datetime({ precision: 3 }), level: z.string(), msg: z.string() })

test('the log is one JSON a line, and all lines of an order or a run have its id', async (t) => {
  const served = await serve(t)
  const agent = await reportingAgent(served, 'n1')
  const { id: order } = await served.client.call(api.createOrder, { all: true })
  await agent.next('order')
  const run = await agent.report({ orders: [order], outcome: 'failed', error: 'no disk' }, [failedService])
  agent.socket.close()
  await until('the agent is gone', () => served.log.some((line) => line.includes('agent gone')))

  const lines = served.log
    .join('')
    .trim()
    .split('\n')
    .map((line) => Line.parse(JSON.parse(line)))
  const of = (msg: string) => lines.find((line) => line.msg === msg)
  assert.equal(of('agent connected')?.['node'], 'n1')
  assert.deepEqual([of('order given')?.['order'], of('order given')?.['author']], [order, 'admin'])
  const stored = of('run stored')
  assert.deepEqual(
    [stored?.level, stored?.['node'], stored?.['run'], stored?.['orders'], stored?.['failed'], stored?.['error']],
    ['warn', 'n1', run, [order], ['service[nginx]'], 'no disk'],
  )
  const target = lines.findLast((line) => line.msg === 'order target')
  assert.deepEqual(
    [target?.['order'], target?.['node'], target?.['run'], target?.['state']],
    [order, 'n1', run, 'failed'],
  )
})
