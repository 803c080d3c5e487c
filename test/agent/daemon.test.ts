import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { digestOf, sha256 } from '../../protocol/catalog.ts'
import { type FakeServer, serve } from './fake-server.ts'
import { asRoot, resource, until, type World } from './tiny.ts'
import { catalogOf, daemonFor } from './tiny-daemon.ts'

/** Holds the world at what is about to happen until it is let go. */
function held(world: World, what: string) {
  const gate = { reached: false, letGo: () => {} }
  const open = new Promise<void>((resolve) => (gate.letGo = resolve))
  world.before.set(what, () => {
    gate.reached = true
    return open
  })
  return gate
}

async function reports(fake: FakeServer, count: number) {
  for (let number = 1; number <= count; number++) {
    const { report } = await fake.hears('report', number)
    fake.send({ type: 'stored', run: report.run.id })
  }
  return fake
    .all('report')
    .map(({ report: { run } }) => `${run.mode} ${run.trigger} ${run.orders.join()} ${run.outcome}`)
}

/** In an hour. */
const later = Date.now() + 3600_000

test('a daemon converges what is on disk without a server, then brings the report', async (t) => {
  const served = await serve(t)
  const node = await daemonFor(t, served, { catalog: catalogOf('a') })
  void node.start()
  await until('the run is over', () => node.agent.delivery.waiting === 1)
  assert.deepEqual(node.world.deeds, ['apply a'])
  const hello = await served.fake.letIn(served.identity)
  assert.equal(hello.catalogDigest, digestOf(catalogOf('a')))
  assert.deepEqual(await reports(served.fake, 1), ['converge start  changed'])
  await until('the spool is empty', () => node.agent.delivery.waiting === 0)
})

test('a new catalog is taken with its blobs, kept, and converged', async (t) => {
  const served = await serve(t)
  const { fake, identity } = served
  const node = await daemonFor(t, served)
  void node.start()
  const hello = await fake.letIn(identity, { sendFacts: true })
  assert.equal(hello.catalogDigest, null)
  await fake.hears('facts')

  const content = Buffer.from('text')
  fake.blobs.set(sha256(content), content)
  const catalog = catalogOf('a')
  catalog.resources.push(resource('b', { type: 'novelty', props: { content: { sha256: sha256(content), bytes: 4 } } }))
  fake.send({ type: 'catalog', catalog })
  assert.deepEqual(await reports(fake, 1), ['converge catalog  failed'])
  assert.deepEqual(fake.asked, [[sha256(content)]])
  assert.equal(node.agent.catalog.read()?.digest, digestOf(catalog))
  assert.deepEqual(node.world.deeds, ['apply a'])
})

test('large blobs are fetched in portions', async (t) => {
  const served = await serve(t)
  const { fake, identity } = served
  const node = await daemonFor(t, served)
  void node.start()
  await fake.letIn(identity)
  const blobs = [7, 7, 7, 30].map((megabytes, index) => Buffer.alloc(megabytes * 1024 * 1024, index))
  const resources = blobs.map((bytes, index) => {
    fake.blobs.set(sha256(bytes), bytes)
    return resource(String(index), {
      type: 'novelty',
      props: { content: { sha256: sha256(bytes), bytes: bytes.length } },
    })
  })
  fake.send({ type: 'catalog', catalog: { node: 'n1', resources } })
  await reports(fake, 1)
  assert.deepEqual(
    fake.asked.map(({ length }) => length),
    [2, 1, 1],
  )
})

test('its log tells of runs and orders by their ids', async (t) => {
  const served = await serve(t)
  const { fake, identity } = served
  const node = await daemonFor(t, served, { catalog: catalogOf('a') })
  void node.start()
  await fake.letIn(identity)
  fake.send({ type: 'order', id: 'o1', mode: 'plan', startBy: later })
  fake.send({ type: 'order', id: 'o2', mode: 'plan', startBy: 1 })
  await reports(fake, 2)
  const { run } = fake.all('report').at(-1)?.report ?? assert.fail('no report came')
  const of = (msg: RegExp) => node.told.filter((line) => msg.test(String(line['msg'])))
  const { ms, ...over } = of(/^run over$/).at(-1) ?? assert.fail('no end of a run was told')
  const about = { run: run.id, orders: ['o1'], mode: 'plan', trigger: 'order', outcome: 'unchanged' }
  assert.deepEqual(over, { msg: 'run over', level: 'info', ...about })
  assert.equal(typeof ms, 'number')
  assert.deepEqual(of(/^order /), [
    { msg: 'order taken', order: 'o1', mode: 'plan' },
    { msg: 'order refused: the order came after its time', level: 'warn', order: 'o2' },
  ])
})

test('where a blob is missing on disk the node greets as if it had no catalog, and gets it anew', async (t) => {
  const served = await serve(t)
  const content = { sha256: sha256('text'), bytes: 4 }
  const catalog = { node: 'n1', resources: [resource('a', { type: 'novelty', props: { content } })] }
  const node = await daemonFor(t, served, { catalog })
  void node.start()
  assert.equal((await served.fake.letIn(served.identity)).catalogDigest, null)
})

test('a catalog on disk that can no longer be read is moved aside, and the server sends it anew', async (t) => {
  const served = await serve(t)
  const { fake, identity } = served
  const node = await daemonFor(t, served, { catalog: catalogOf('a') })
  writeFileSync(node.state.path('catalog.json'), '{"node":')
  void node.start()
  assert.equal((await fake.letIn(identity)).catalogDigest, null)
  fake.send({ type: 'catalog', catalog: catalogOf('a') })
  await until('it is converged', () => node.world.deeds.includes('apply a'))
  assert.equal(readFileSync(node.state.path('catalog.json.damaged'), 'utf8'), '{"node":')
})

test('what asks for a run during a run is folded into one', async (t) => {
  const served = await serve(t)
  const { fake, identity } = served
  const node = await daemonFor(t, served, { catalog: catalogOf('a') })
  const gate = held(node.world, 'apply a')
  void node.start()
  await fake.letIn(identity)
  await until('the first run is under way', () => gate.reached)
  for (const id of ['o1', 'o2', 'o1']) fake.send({ type: 'order', id, mode: 'converge', startBy: later })
  fake.send({ type: 'order', id: 'p1', mode: 'plan', startBy: later })
  await fake.hears('delivered', 4)
  gate.letGo()
  assert.deepEqual(await reports(fake, 3), [
    'converge start  changed',
    'converge order o1,o2 unchanged',
    'plan order p1 unchanged',
  ])
  const started = fake.all('started').map(({ mode, orders }) => `${mode} ${orders.join()}`)
  assert.deepEqual(started, ['converge ', 'converge o1,o2', 'plan p1'])
})

test('an order is acknowledged, done once however often it comes, and its events are seen as they happen', async (t) => {
  const served = await serve(t)
  const { fake, identity } = served
  const node = await daemonFor(t, served)
  void node.start()
  await fake.letIn(identity)
  node.agent.catalog.write(catalogOf('a', 'b'))
  const gate = held(node.world, 'apply b')
  fake.send({ type: 'order', id: 'o1', mode: 'converge', startBy: later })
  await fake.hears('delivered')
  const started = await fake.hears('started')
  assert.deepEqual([started.orders, started.resources], [['o1'], 2])
  const progress = await fake.hears('progress')
  assert.deepEqual(
    progress.events.map(({ outcome, id }) => `${outcome} ${id}`),
    ['changed thing[a]'],
  )
  fake.send({ type: 'order', id: 'o1', mode: 'converge', startBy: later })
  await fake.hears('delivered', 2)
  gate.letGo()
  await fake.hears('report')
  const events = fake.all('progress').flatMap((message) => message.events.map(({ id }) => id))
  assert.deepEqual(events, ['thing[a]', 'thing[b]'], 'all of it is told before the report')
  // Its report is not stored yet: the server asks again after it was restarted.
  fake.sockets.at(-1)?.close(1012)
  await fake.letIn(identity, { number: 2 })
  fake.send({ type: 'order', id: 'o1', mode: 'converge', startBy: later })
  await fake.hears('delivered', 3)
  const { report } = await fake.hears('report', 2)
  fake.send({ type: 'stored', run: report.run.id })
  fake.send({ type: 'order', id: 'o2', mode: 'converge', startBy: later })
  assert.equal((await fake.hears('report', 3)).report.run.orders.join(), 'o2')
  assert.deepEqual(
    fake.all('report').map((said) => said.report.run.orders.join()),
    ['o1', 'o1', 'o2'],
  )
  assert.equal(report.run.id, fake.all('report')[0]?.report.run.id)
})

test('an order that a cut network held back beyond its time is refused, by the clock of the server', async (t) => {
  const served = await serve(t)
  const { fake, identity } = served
  const node = await daemonFor(t, served)
  void node.start()
  await fake.letIn(identity)
  node.agent.catalog.write(catalogOf('a'))
  fake.send({ type: 'order', id: 'o1', mode: 'converge', startBy: Date.now() - 1000 })
  assert.match((await fake.hears('refused')).reason, /after its time/)
  assert.deepEqual(node.world.deeds, [])
})

test('an order is refused where there is no catalog', async (t) => {
  const served = await serve(t)
  const { fake, identity } = served
  const node = await daemonFor(t, served)
  void node.start()
  await fake.letIn(identity)
  fake.send({ type: 'no-catalog', why: 'unassigned', reason: 'it has no roles' })
  fake.send({ type: 'order', id: 'o1', mode: 'converge', startBy: later })
  assert.equal((await fake.hears('refused')).reason, 'this node has no catalog yet')
  assert(node.lines.includes('the server has no catalog for this node (unassigned): it has no roles'))
})

test('a cancelled order that waits is forgotten; one under way ends after its resource', async (t) => {
  const served = await serve(t)
  const { fake, identity } = served
  const node = await daemonFor(t, served)
  void node.start()
  await fake.letIn(identity)
  node.agent.catalog.write(catalogOf('a', 'b'))
  const gate = held(node.world, 'apply a')
  fake.send({ type: 'order', id: 'o1', mode: 'converge', startBy: later })
  await until('the run is under way', () => gate.reached)
  fake.send({ type: 'order', id: 'o2', mode: 'converge', startBy: later })
  fake.send({ type: 'cancel', id: 'o2' })
  fake.send({ type: 'cancel', id: 'o1' })
  fake.send({ type: 'order', id: 'o3', mode: 'plan', startBy: later })
  await fake.hears('delivered', 3)
  gate.letGo()
  assert.deepEqual(await reports(fake, 2), ['converge order o1 failed', 'plan order o3 would-change'])
  assert.deepEqual(node.world.deeds, ['apply a'])
  assert.equal(fake.all('report')[0]?.report.run.error, 'the run was cancelled')
})

test('a new catalog that an order was waiting with is converged though the order is cancelled', async (t) => {
  const served = await serve(t)
  const { fake, identity } = served
  const node = await daemonFor(t, served, { catalog: catalogOf('a') })
  const gate = held(node.world, 'apply a')
  void node.start()
  await fake.letIn(identity)
  await until('the first run is under way', () => gate.reached)
  fake.send({ type: 'order', id: 'o1', mode: 'converge', startBy: later })
  fake.send({ type: 'catalog', catalog: catalogOf('a', 'b') })
  fake.send({ type: 'cancel', id: 'o1' })
  fake.send({ type: 'order', id: 'p1', mode: 'plan', startBy: later })
  await fake.hears('delivered', 2)
  gate.letGo()
  assert.deepEqual(await reports(fake, 3), [
    'converge start  changed',
    'converge catalog  changed',
    'plan order p1 unchanged',
  ])
})

test('a catalog that a full disk does not take keeps the connection, and orders are told why', asRoot, async (t) => {
  const served = await serve(t)
  const { fake, identity } = served
  const disk = mkdtempSync(join(tmpdir(), 'test-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tiny', disk])
  const node = await daemonFor(t, served, { dir: join(disk, 'state') })
  t.after(() => {
    execFileSync('umount', ['--lazy', disk])
    rmdirSync(disk)
  })
  void node.start()
  await fake.letIn(identity)
  const filler = join(disk, 'filler')
  assert.throws(() => writeFileSync(filler, Buffer.alloc(1024 * 1024)), { code: 'ENOSPC' })
  fake.send({ type: 'catalog', catalog: catalogOf('a') })
  fake.send({ type: 'order', id: 'o1', mode: 'converge', startBy: later })
  assert.match((await fake.hears('refused')).reason, /^the node cannot take its new catalog: ENOSPC/)

  rmSync(filler)
  fake.send({ type: 'catalog', catalog: catalogOf('a') })
  assert.deepEqual(await reports(fake, 1), ['converge catalog  changed'])
  assert.equal(fake.sockets.length, 1)
})

test('a node without a catalog has no turns; with one it has them as often as the server says', async (t) => {
  const served = await serve(t)
  const { fake, identity } = served
  const node = await daemonFor(t, served)
  void node.start()
  await fake.letIn(identity, { intervalMs: 20 })
  await delay(100)
  fake.send({ type: 'catalog', catalog: catalogOf('a') })
  assert.deepEqual((await reports(fake, 2)).slice(0, 2), ['converge catalog  changed', 'converge schedule  unchanged'])
})

test('a run goes on while the server is away, and its report comes when it is back', async (t) => {
  const served = await serve(t)
  const { fake, identity } = served
  const node = await daemonFor(t, served)
  void node.start()
  await fake.letIn(identity)
  node.agent.catalog.write(catalogOf('a'))
  const gate = held(node.world, 'apply a')
  fake.send({ type: 'order', id: 'o1', mode: 'converge', startBy: later })
  await until('the run is under way', () => gate.reached)
  fake.sockets.at(-1)?.terminate()
  gate.letGo()
  await until('the run is over', () => node.agent.delivery.waiting === 1)
  await fake.letIn(identity, { number: 2 })
  assert.deepEqual(await reports(fake, 1), ['converge order o1 changed'])
})

test('a daemon that is stopped finishes the resource under way and keeps the report', async (t) => {
  const served = await serve(t)
  const { fake, identity } = served
  const node = await daemonFor(t, served, { catalog: catalogOf('a', 'b') })
  const gate = held(node.world, 'apply a')
  const running = node.start()
  await fake.letIn(identity)
  await until('the run is under way', () => gate.reached)
  node.stop()
  gate.letGo()
  await running
  assert.deepEqual(node.world.deeds, ['apply a'])
  assert.equal(node.agent.delivery.waiting, 1)
})
