import assert from 'node:assert/strict'
import { test } from 'node:test'
import { registrations } from '../../bridge/consul/registrations.ts'
import { hostsText } from '../../bridge/dnsmasq.ts'
import { readApps } from '../../bridge/marathon/apps.ts'
import { pageOf } from '../../bridge/told/pages.ts'
import { Status } from '../../bridge/told/status.ts'
import { addresses, configOf, modelOf, taskOf, told } from './apps.ts'

test('each app has a name that leads to this node, and on request one that leads to its tasks', () => {
  const dnsmasq = { hostsDir: '/x', zone: 'apps.test', taskRecords: true }
  const apps = [
    told('/shop/web.v2', { tasks: [taskOf('/shop/web.v2', 'slave-2', 1), taskOf('/shop/web.v2', 'slave-2', 2)] }),
  ]
  assert.equal(
    hostsText(modelOf(apps, { dnsmasq }), configOf({ dnsmasq })),
    '# Written by trivet-agent bridge.\n10.0.0.21 web-v2.shop.apps.test\n10.0.0.22 tasks.web-v2.shop.apps.test\n',
  )
})

test("only this host's running tasks are told to Consul, with our tag and that of the host", () => {
  const tasks = [
    taskOf('/web', 'slave-1', 31001),
    taskOf('/web', 'slave-2', 31002),
    taskOf('/web', 'slave-1', 31003, { state: 'TASK_KILLING' }),
  ]
  const { apps } = readApps({ apps: [told('/web', { tasks, healthChecks: [{ protocol: 'HTTP', path: '/health' }] })] })
  assert.deepEqual(
    [...registrations(apps, addresses, configOf({ consul: {} })).values()],
    [
      {
        ID: 'trivet-bridge:web.slave-1-31001:0',
        Name: 'web',
        Tags: ['trivet-bridge', 'slave-1'],
        Address: '10.0.0.21',
        Port: 31001,
        Check: { HTTP: 'http://10.0.0.21:31001/health', Interval: '5s', Timeout: '5s' },
      },
    ],
  )
})

test('health is 503 until something is served and while HAProxy does not have it, and 200 while Marathon alone is away', () => {
  const status = new Status()
  const health = () => pageOf(status, '/health', '', 0).code
  assert.equal(health(), 503)
  status.servedAt = 1
  status.troubles.set('reading', 'gone')
  assert.equal(health(), 200)
  assert.equal(status.state, 'stale')
  status.troubles.set('haproxy', 'gone')
  assert.equal(health(), 503)
  assert.match(pageOf(status, '/status', '', 0).text, /trouble with haproxy: gone/)
  assert.equal(JSON.parse(pageOf(status, '/status', 'application/json', 0).text).state, 'failing')
  status.latency.observe(0.2)
  assert.match(pageOf(status, '/metrics', '', 0).text, /trivet_bridge_event_to_served_seconds_bucket\{le="0.2"\} 1/)
  assert.equal(pageOf(status, '/other', '', 0).code, 404)
})
