import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  array,
  assert as holds,
  constant,
  constantFrom,
  integer,
  nat,
  oneof,
  property,
  record,
  string,
  uuid,
} from 'fast-check'
import { matchesGolden } from '../helpers/golden.ts'
import { complaintsOf, modelOf, taskOf, textOf, told } from './apps.ts'

const shop = [
  told('/shop/web', {
    labels: {
      HAPROXY_0_VHOST: 'Shop.example, www.shop.example',
      HAPROXY_0_STICKY: 'True',
      HAPROXY_GROUP: 'external,all',
    },
    healthChecks: [{ protocol: 'MESOS_HTTP', path: '/health', portIndex: 0, timeoutSeconds: 3 }],
    tasks: [
      taskOf('/shop/web', 'slave-2', 31005, { healthCheckResults: [{ alive: true }] }),
      taskOf('/shop/web', 'slave-1', 31001, { healthCheckResults: [{ alive: true }] }),
      taskOf('/shop/web', 'slave-1', 31009, { healthCheckResults: [{ alive: false }] }),
      taskOf('/shop/web', 'slave-1', 31010),
    ],
  }),
  told('/shop/api', {
    portDefinitions: [{ port: 10082 }],
    labels: { HAPROXY_0_VHOST: 'shop.example', HAPROXY_0_PATH: '/api', HAPROXY_0_BALANCE: 'uri whole' },
  }),
  told('/db', {
    portDefinitions: undefined,
    ports: [10081],
    tasks: [taskOf('/db', 'slave-2', 31002, { state: undefined, startedAt: 'then' })],
  }),
]

for (const mode of ['cluster', 'host'] as const) {
  test(`apps become this haproxy.cfg in ${mode} mode`, async () => {
    await matchesGolden(
      `test/golden/bridge-${mode}.json`,
      textOf(shop, { mode, dnsmasq: { hostsDir: '/x', zone: 'apps.test' } }).split('\n'),
    )
  })
}

test('in host mode only tasks of this host are served, whatever the case of its name', () => {
  const { backends } = modelOf(
    [told('/web', { tasks: [taskOf('/web', 'Slave-1', 1), taskOf('/web', 'slave-2', 2)] })],
    { mode: 'host' },
  )
  // Its address cannot be found by the name in that case; the one of the other host is not even asked for.
  assert.deepEqual(
    backends.map(({ servers }) => servers.length),
    [0],
  )
})

test('a task that runs or cannot be reached is served, and no other', () => {
  const states = ['TASK_RUNNING', 'TASK_UNREACHABLE', 'TASK_LOST', 'TASK_STAGING', 'TASK_KILLING', 'TASK_FAILED']
  const tasks = states.map((state, index) => taskOf('/web', 'slave-1', index + 1, { state }))
  assert.deepEqual(
    modelOf([told('/web', { tasks })]).backends[0]?.servers.map(({ port }) => port),
    [1, 2, 3],
  )
})

test('a service port of two apps stays with the one that has had it', () => {
  const apps = [told('/a'), told('/b')]
  assert.deepEqual(
    modelOf(apps).backends.map(({ app }) => app),
    ['/a'],
  )
  assert.deepEqual(
    modelOf(apps, {}, new Map([[10080, '/b']])).backends.map(({ app }) => app),
    ['/b'],
  )
  assert.deepEqual(complaintsOf(apps), ['/b: port dropped: service port 10080 is that of /a. Give it one of its own.'])
})

const complaintAt = (port: number) =>
  complaintsOf([told('/web', { portDefinitions: [{ port }] })], { reservedPorts: [5051] }).join()

test('service ports that tasks or the node use are refused, and say why', () => {
  assert.match(complaintAt(31100), /lies in 31000-32000, from which tasks are given theirs/)
  assert.match(complaintAt(5051), /used on the nodes for something else/)
  assert.match(complaintAt(9094), /used on the nodes/)
  assert.equal(complaintAt(30999), '')
})

test('only apps of the groups are served, and a port may have a group of its own', () => {
  const ports = { portDefinitions: [{ port: 10080 }, { port: 10081 }] }
  const app = told('/web', { ...ports, labels: { HAPROXY_GROUP: 'internal, other', HAPROXY_1_GROUP: 'external' } })
  const names = (groups: string[]) => modelOf([app], { groups }).backends.map(({ name }) => name)
  assert.deepEqual(names(['external']), ['web_10081'])
  assert.deepEqual(names(['other']), ['web_10080'])
  assert.deepEqual(names(['*']), ['web_10080', 'web_10081'])
  assert.deepEqual(names([]), ['web_10080', 'web_10081'])
})

test('labels set mode, balance and port, and switch a port off', () => {
  const [backend] = modelOf([
    told('/web', { labels: { HAPROXY_0_MODE: 'HTTP', HAPROXY_0_BALANCE: 'source', HAPROXY_0_PORT: '10099' } }),
  ]).backends
  assert.deepEqual([backend?.mode, backend?.balance, backend?.listen], ['http', 'source', 10099])
  assert.deepEqual(modelOf([told('/web', { labels: { HAPROXY_0_ENABLED: 'False' } })]).backends, [])
})

test('a label that could write into haproxy.cfg drops its port, and no other', () => {
  for (const [word, value] of [
    ['VHOST', 'a.example }\n  bind *:1'],
    ['PATH', '/x # no'],
    ['BALANCE', 'roundrobin\n  server evil 1.2.3.4:5'],
    ['MODE', 'health'],
    ['PORT', '99999'],
  ]) {
    const wrong = told('/wrong', { labels: { [`HAPROXY_0_${word}`]: value }, portDefinitions: [{ port: 10081 }] })
    assert.deepEqual(
      modelOf([wrong, told('/web')]).backends.map(({ app }) => app),
      ['/web'],
      word,
    )
    assert.match(complaintsOf([wrong])[0] ?? '', new RegExp(`the label HAPROXY_0_${word} cannot be`))
  }
})

test('a bad app or task is left out alone', () => {
  const apps = [
    told('/Web'),
    7,
    told('/shop/../etc'),
    told('/web', { tasks: [taskOf('/web', 'slave-1', 31001), { id: 'x' }, taskOf('/web', 'nowhere', 3)] }),
  ]
  assert.deepEqual(
    modelOf(apps).backends.map(({ app, servers }) => [app, servers.length]),
    [['/web', 1]],
  )
  assert.equal(complaintsOf(apps).length, 5)
})

const Label = record(
  {
    HAPROXY_GROUP: constantFrom('external', 'internal', 'a,b'),
    HAPROXY_0_VHOST: oneof(constantFrom('a.example', 'B.example,c.example'), string()),
    HAPROXY_0_PATH: oneof(constant('/x'), string()),
    HAPROXY_0_MODE: constantFrom('tcp', 'http', 'health'),
    HAPROXY_0_PORT: oneof(constantFrom('10080', '80', '10081'), string()),
    HAPROXY_0_BALANCE: oneof(constantFrom('roundrobin', 'leastconn'), string()),
  },
  { requiredKeys: [] },
)
const AppTold = record({
  id: oneof(constantFrom('/a', '/a/b', '/a-b', '/c', '/c/10080'), string()),
  labels: Label,
  portDefinitions: array(record({ port: oneof(constantFrom(10080, 10081), integer({ min: 0, max: 65535 })) }), {
    maxLength: 3,
  }),
  healthChecks: array(
    record({
      protocol: constantFrom('HTTP', 'TCP'),
      path: oneof(constant('/'), string()),
      portIndex: nat(2),
    }),
    { maxLength: 2 },
  ),
  tasks: array(
    record({
      id: uuid(),
      host: constantFrom('slave-1', 'slave-2', 'other'),
      ports: array(integer({ min: 31000, max: 31003 }), { maxLength: 3 }),
      state: constantFrom('TASK_RUNNING', 'TASK_KILLING', 'TASK_UNREACHABLE'),
    }),
    { maxLength: 4 },
  ),
})

test('whatever apps there are, no two proxies share a name or a port, and no server stands twice', () => {
  holds(
    property(array(AppTold, { maxLength: 6 }), constantFrom('cluster', 'host'), (apps, mode) => {
      const lines = textOf(apps, { mode }).split('\n')
      const of = (pattern: RegExp) => lines.flatMap((line) => pattern.exec(line)?.[1] ?? [])
      for (const all of [of(/^frontend (.*)/), of(/^backend (.*)/), of(/^ {4}bind (.*)/)])
        assert.equal(new Set(all).size, all.length)
      for (const line of lines)
        assert.match(line, /^(|#.*|global|defaults|(frontend|backend) [A-Za-z0-9_.:-]+| {4}[ -~]+)$/)
    }),
  )
})

test('the order in which apps and tasks are told does not matter', () => {
  holds(
    property(array(AppTold, { maxLength: 6 }), (apps) => {
      const turned = apps.map((app) => ({ ...app, tasks: app.tasks.toReversed() })).toReversed()
      assert.equal(textOf(apps), textOf(turned))
    }),
  )
})

test('a frontApp that is not there, or not of HTTP, is told', () => {
  const [asTcp, asHttp] = [{ labels: { HAPROXY_0_MODE: 'tcp' } }, { labels: { HAPROXY_0_MODE: 'http' } }]
  assert.match(
    complaintsOf([told('/web', asTcp)], { frontApp: '/web' })[0] ?? '',
    /^\/web: ignored: it is the frontApp/,
  )
  assert.match(complaintsOf([], { frontApp: '/wbe' })[0] ?? '', /^\/wbe: ignored: it is the frontApp/)
  assert.deepEqual(complaintsOf([told('/web', asHttp)], { frontApp: '/web' }), [])
})
