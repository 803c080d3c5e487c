import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type App, assignServicePorts, canonical, isOtherConfig, servicePortsOf } from './app.ts'
import { type Instance, planOf } from './plan.ts'
import { complaintsOf, wrongId } from './validate.ts'

const none = { previous: [], free: () => 10_000 }

function appOf(given: object = {}): App {
  const app = canonical({ id: '/web', cmd: 'sleep 1', ...given }, undefined, '*')
  return { ...app, version: 'v1', versionInfo: { lastScalingAt: 'v1', lastConfigChangeAt: 'v1' } }
}

const instance = (taskId: string, given: Partial<Instance> = {}): Instance => ({
  taskId,
  appId: '/web',
  agentId: 'S0',
  host: 'one',
  ip: '10.0.0.1',
  ports: [31_000],
  state: 'TASK_RUNNING',
  stagedAt: taskId,
  version: 'v1',
  configVersion: 'v1',
  killing: false,
  health: [],
  attributes: {},
  ...given,
})
const idsOf = (instances: Instance[]) => instances.map(({ taskId }) => taskId)

test('an app is scaled up at once, and down from the youngest', () => {
  assert.equal(planOf(appOf({ instances: 3 }), [instance('a')], 0).launch, 2)
  assert.deepEqual(idsOf(planOf(appOf(), [instance('a'), instance('b')], 0).kill), ['b'])
  assert.equal(planOf(appOf(), [instance('a')], 0).settled, true)
})

test('a new config is rolled out by doubling, and the old goes when the new is ready', () => {
  const app = appOf({ instances: 2 })
  const old = [instance('a', { configVersion: 'v0' }), instance('b', { configVersion: 'v0' })]
  assert.deepEqual(planOf(app, old, 0), { launch: 2, kill: [], settled: false })
  const staged = [instance('c', { state: 'TASK_STAGING' }), instance('d')]
  assert.deepEqual(idsOf(planOf(app, [...old, ...staged], 0).kill), ['a'])
  assert.deepEqual(idsOf(planOf(app, [...old, instance('c'), instance('d')], 0).kill), ['a', 'b'])
})

test('without room above, what may be missing goes first', () => {
  const app = appOf({ instances: 4, upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 } })
  const old = ['a', 'b', 'c', 'd'].map((id) => instance(id, { configVersion: 'v0' }))
  const { launch, kill } = planOf(app, old, 0)
  assert.deepEqual([launch, idsOf(kill)], [0, ['a', 'b']])
})

test('a task with checks is ready when they found it alive', () => {
  const app = appOf({ healthChecks: [{ protocol: 'HTTP' }] })
  assert.equal(planOf(app, [instance('a')], 0).settled, false)
  assert.equal(planOf(app, [instance('a', { health: [{ alive: true, consecutiveFailures: 0 }] })], 0).settled, true)
})

test('what is unreachable is replaced at once, unless the app bears it', () => {
  const away = [instance('a', { state: 'TASK_UNREACHABLE', unreachableSince: 0 })]
  assert.equal(planOf(appOf(), away, 1).launch, 1)
  const patient = { unreachableStrategy: { inactiveAfterSeconds: 60, expungeAfterSeconds: 120 } }
  assert.equal(planOf(appOf(patient), away, 1).launch, 0)
})

test('old words become new ones, and are not shown', () => {
  const app = canonical({ id: '/web', cmd: 'x', ports: [0], uris: ['http://a/b'] }, undefined, '*')
  assert.deepEqual(app.portDefinitions, [{ port: 0, protocol: 'tcp', labels: {} }])
  assert.ok(!('ports' in app) && !('uris' in app))
  const docker = { image: 'nginx', network: 'BRIDGE', portMappings: [{ containerPort: 80, hostPort: 0 }] }
  const bridged = canonical({ id: '/nginx', container: { type: 'DOCKER', docker } }, undefined, '*')
  assert.deepEqual(bridged.networks, [{ mode: 'container/bridge' }])
  assert.deepEqual(bridged.container?.portMappings, [
    { containerPort: 80, hostPort: 0, servicePort: 0, protocol: 'tcp', labels: {} },
  ])
  assert.ok(!('portDefinitions' in bridged))
})

test('a service port of 0 stays what it was given', () => {
  const first = appOf()
  assignServicePorts(first, none)
  assert.deepEqual(servicePortsOf(first), [10_000])
  const again = canonical({ portDefinitions: [{ port: 0, name: 'default' }] }, first, '*')
  assignServicePorts(again, { previous: servicePortsOf(first), free: () => 10_001 })
  assert.deepEqual(servicePortsOf(again), [10_000])
})

test('the same again is no other config, nor are other instances', () => {
  const app = appOf()
  assert.equal(isOtherConfig(app, canonical({ cmd: 'sleep 1', instances: 5 }, app, '*')), false)
  assert.equal(isOtherConfig(app, canonical({ labels: { a: 'b' } }, app, '*')), true)
})

test('ids are segments of small letters, digits and dashes', () => {
  for (const id of ['/web', '/a/b-c/d.e', '/1']) assert.equal(wrongId(id), undefined)
  for (const id of ['/docker_hello', '/Web', '/-a', '/a-', '/a/restart', '/a//b', '/'])
    assert.notEqual(wrongId(id), undefined, id)
})

test('what is no valid app is told by its path', () => {
  const app = canonical({ id: '/web', instances: -1, healthChecks: [{ portIndex: 3 }] }, undefined, '*')
  assert.deepEqual(
    complaintsOf(app).map(({ path }) => path),
    ['/', '/instances', '/healthChecks(0)'],
  )
})
