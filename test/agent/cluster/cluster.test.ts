import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test, type TestContext } from 'node:test'
import { type Catalog, digestOf } from '../../../protocol/catalog.ts'
import { listen } from '../../helpers/listen.ts'
import { type FakeServer, serve } from '../fake-server.ts'
import { daemonFor } from '../tiny-daemon.ts'
import { resource, restart, until } from '../tiny.ts'

const soon = () => Date.now() + 300_000

/** Something that a probe can ask: well as long as it listens. */
async function service(t: TestContext) {
  const server = createServer((socket) => socket.end())
  const port = Number(new URL(await listen(t, server)).port)
  return { port, stop: () => new Promise((resolve) => server.close(resolve)) }
}

function leasedCatalog(port: number): Catalog {
  const probe = { tcp: { host: '127.0.0.1', port }, withinMs: 200, everyMs: 20 }
  return {
    node: 'n1',
    resources: [
      resource('zk', { lease: { group: 'zk', max: 1, until: 'probe[zk]' } }),
      resource('config', { notifies: [restart('zk')] }),
      resource('zk', { type: 'probe', recipe: 'after', props: probe }),
    ],
  }
}

const shown = (fake: FakeServer) =>
  fake.all('report').map(({ report: { run } }) => `${run.trigger} ${run.outcome}${run.owed.length > 0 ? ' owing' : ''}`)

async function up(t: TestContext, catalog: Catalog) {
  const served = await serve(t)
  const node = await daemonFor(t, served)
  void node.start()
  await served.fake.letIn(served.identity)
  served.fake.send({ type: 'gates', open: {}, closed: {} })
  served.fake.send({ type: 'catalog', catalog })
  return { ...served, node }
}

test('what was deferred for want of a lease is done when the lease comes, and the lease given back', async (t) => {
  const { port } = await service(t)
  const { fake, node } = await up(t, leasedCatalog(port))
  await until('the lease is wanted', () => fake.all('leases').some(({ wanted }) => wanted.length > 0))
  fake.send({ type: 'no-lease', group: 'zk', reason: 'n2 holds it' })
  await until('the run is reported', () => fake.all('report').length === 1)
  assert.ok(!node.world.deeds.includes('restart zk'))

  fake.send({ type: 'lease', group: 'zk', fence: 5, expiresAt: soon() })

  await until('it is given back', () => fake.all('lease-over').length > 0)
  assert.deepEqual(fake.all('lease-over'), [{ type: 'lease-over', group: 'zk', fence: 5 }])
  assert.ok(node.world.deeds.includes('restart zk'))
  fake.send({ type: 'stored', run: fake.all('report')[0]?.report.run.id ?? '' })
  await until('the second run is reported', () => fake.all('report').length === 2)
  assert.deepEqual(shown(fake), ['catalog changed owing', 'lease changed'])
})

test('where the probe does not come the lease is kept, and given back once it is well', async (t) => {
  const { port, stop } = await service(t)
  const { fake, node } = await up(t, leasedCatalog(port))
  node.world.before.set('restart zk', () => stop().then(() => undefined))
  await until('the lease is wanted', () => fake.all('leases').some(({ wanted }) => wanted.length > 0))
  fake.send({ type: 'lease', group: 'zk', fence: 5, expiresAt: soon() })
  await until('the failure is reported', () => fake.all('report').length === 1)
  await until('it is told that the probe is not well', () =>
    fake.all('health').some(({ probes }) => typeof probes['probe[zk]'] === 'string'),
  )
  assert.deepEqual(fake.all('lease-over'), [])

  const again = createServer((socket) => socket.end()).listen(port, '127.0.0.1')
  t.after(() => again.close())

  await until('it is given back', () => fake.all('lease-over').length === 1)
})

test('a lease that nothing wants any more is given back', async (t) => {
  const { fake } = await up(t, { node: 'n1', resources: [resource('a')] })
  await until('the run is reported', () => fake.all('report').length === 1)
  fake.send({ type: 'lease', group: 'zk', fence: 9, expiresAt: soon() })
  await until('it is given back', () => fake.all('lease-over').length === 1)
})

test('the health of all probes is told at first and on each change, and again after a new connection', async (t) => {
  const { port, stop } = await service(t)
  const probe = { tcp: { host: '127.0.0.1', port } }
  const { fake, identity } = await up(t, { node: 'n1', resources: [resource('zk', { type: 'probe', props: probe })] })
  await until('it is well', () => fake.all('health').at(-1)?.probes['probe[zk]'] === null)
  await stop()
  await until('it is not', () => /ECONNREFUSED/.test(fake.all('health').at(-1)?.probes['probe[zk]'] ?? ''))
  const before = fake.all('health').length
  fake.sockets[0]?.terminate()
  await fake.letIn(identity, { number: 2 })
  await until('it is told again', () => fake.all('health').length > before)
})

const atQuorum = { role: 'zk', probe: 'probe[zk]', atLeast: 2 }

/** A daemon that has yet to get its catalog, and has been told that the gate is closed. */
async function atClosedGate(t: TestContext) {
  const gate = resource('quorum', { type: 'gate', props: atQuorum })
  const served = await serve(t)
  const { fake } = served
  const node = await daemonFor(t, served)
  void node.start()
  await fake.letIn(served.identity)
  fake.send({ type: 'gates', open: {}, closed: { quorum: '1 of 2' } })
  return { fake, node, gate }
}

test('a gate that opens begins a run that goes on behind it', async (t) => {
  const { fake, node, gate } = await atClosedGate(t)
  fake.send({ type: 'catalog', catalog: { node: 'n1', resources: [gate, resource('daemon')] } })
  await until('the run is reported', () => fake.all('report').length === 1)
  const [first] = fake.all('report')
  assert.deepEqual(first?.report.run.waits, { 'gate[quorum]': '1 of 2' })
  fake.send({ type: 'stored', run: first.report.run.id })

  fake.send({ type: 'gates', open: { quorum: digestOf(atQuorum) }, closed: {} })

  await until('what waited is made', () => node.world.deeds.includes('apply daemon'))
  await until('the run is reported', () => fake.all('report').length === 2)
  assert.deepEqual(shown(fake), ['catalog would-change', 'gate changed'])
})

test('a gate that opens while a run is under way is not missed', async (t) => {
  const { fake, node, gate } = await atClosedGate(t)
  // What is applied after the gate was asked, in the same run.
  node.world.before.set('apply other', async () => {
    fake.send({ type: 'gates', open: { quorum: digestOf(atQuorum) }, closed: {} })
    await until('the agent has heard of it', () => node.agent.gates.isOpen('quorum', atQuorum))
  })
  const other = resource('other', { recipe: 'other' })
  fake.send({ type: 'catalog', catalog: { node: 'n1', resources: [gate, resource('daemon'), other] } })
  await until('what waited is made', () => node.world.deeds.includes('apply daemon'))
})

test('no lease is asked for what cannot be done yet, so that nobody else waits for it', async (t) => {
  const { fake, node, gate } = await atClosedGate(t)
  let wantedBefore: boolean | undefined
  node.world.before.set('apply daemon', () => void (wantedBefore = node.agent.leases.isWanted('zk')))
  const leased = resource('daemon', { lease: { group: 'zk', max: 1 } })
  const resources = [resource('config', { notifies: [restart('daemon')] }), gate, leased]
  fake.send({ type: 'catalog', catalog: { node: 'n1', resources } })
  const { report } = await fake.hears('report')
  assert.deepEqual(report.run.owed, ['restart thing[daemon]'])
  fake.send({ type: 'stored', run: report.run.id })
  fake.send({ type: 'gates', open: { quorum: digestOf(atQuorum) }, closed: {} })
  await until('what waited is made', () => node.world.deeds.includes('apply daemon'))
  assert.equal(wantedBefore, false)
})
