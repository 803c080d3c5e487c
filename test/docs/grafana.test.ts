import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { parser } from '@prometheus-io/lezer-promql'
import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { serve } from '../helpers/test-server.ts'

const Dashboard = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).min(1) })),
})

const { panels } = Dashboard.parse(
  JSON.parse(readFileSync(new URL('../../docs/grafana/trivet.json', import.meta.url), 'utf8')),
)
/** As Grafana fills it in. */
const queries = panels.flatMap(({ title, targets }) =>
  targets.map(({ expr }) => ({ title, query: expr.replaceAll('$__rate_interval', '4m') })),
)

/** The names of metrics in a query, and what of it does not parse. */
function partsOf(query: string) {
  const names: string[] = []
  const errors: string[] = []
  parser.parse(query).iterate({
    enter({ name, from, to, type }) {
      if (name === 'Identifier') names.push(query.slice(from, to))
      if (type.isError) errors.push(`at ${from}: ${query.slice(from)}`)
    },
  })
  return { names, errors }
}

test('the dashboard asks only for metrics that the server has, in queries that Prometheus takes', async (t) => {
  const { client } = await serve(t)
  const told = await text(client.download(api.readMetrics, {}))
  const known = new Set([...told.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '']) => name))
  for (const { title, query } of queries) {
    const { names, errors } = partsOf(query)
    assert.deepEqual(errors, [], title)
    assert(names.length > 0, title)
    for (const name of names) assert(known.has(name.replace(/_bucket$/, '')), `${title}: ${name}`)
  }
})

test('a query that is none would be found', () => {
  assert.notDeepEqual(partsOf('sum(rate(x[5m])').errors, [])
})
