import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { resourceTypes } from '../../../resources/index.ts'
import type { CatalogResource } from '../../../protocol/catalog.ts'
import { tempDir } from '../../helpers/converges.ts'
import { nodeIn, resource, restart, shownEvents, World } from '../tiny.ts'

async function nodeWith(t: TestContext, ...resources: CatalogResource[]) {
  const world = new World()
  const dir = await tempDir(t)
  Object.assign(world.types, { reboot: resourceTypes.reboot })
  return { world, dir, node: nodeIn(dir, world, resources) }
}

function failing() {
  throw new Error('no')
}

test('an ignored failure is told, holds up only what requires it, and fails no run', async (t) => {
  const { world, node } = await nodeWith(
    t,
    resource('a', { ignoreFailure: true }),
    resource('b'),
    resource('c', { recipe: 'other', requires: ['thing[a]'] }),
  )
  world.before.set('apply a', failing)
  const { run, events } = await node.run()
  assert.deepEqual(shownEvents(events), [
    'failed thing[a]: no',
    'changed thing[b]',
    'skipped thing[c]: it requires thing[a], which failed or was skipped',
  ])
  assert.equal(events[0]?.outcome === 'failed' && events[0].ignored, true)
  assert.deepEqual([run.outcome, run.counts.failed], ['changed', 1])
})

test('a failed apply is tried again after the delay that its resource says', async (t) => {
  const { world, node } = await nodeWith(t, resource('a', { retries: 2, retryDelayMs: 30 }))
  const tries: number[] = []
  world.before.set('apply a', () => {
    tries.push(performance.now())
    if (tries.length < 3) failing()
  })
  assert.equal((await node.run()).run.outcome, 'changed')
  const waits = tries.slice(1).map((at, index) => at - (tries[index] ?? 0))
  assert.equal(waits.length, 2)
  for (const wait of waits) assert(wait >= 29, `${wait} ms`)
})

test('a run stops between two resources when its time is over, says so, and leaves what is owed owed', async (t) => {
  const { world, node } = await nodeWith(t)
  const resources = [resource('a', { notifies: [restart('b')] }), resource('b')]
  node.catalog = { node: 'n1', resources, runDeadlineMs: 50 }
  world.values.set('b', 'theirs')
  world.before.set('apply a', () => delay(80))
  const { run, events } = await node.run()
  assert.deepEqual(shownEvents(events), ['changed thing[a]', 'skipped thing[b]: the run took longer than 0.05 s'])
  assert.deepEqual(
    [run.outcome, run.error, run.owed],
    ['failed', 'the run took longer than 0.05 s', ['restart thing[b]']],
  )
  world.before.clear()
  assert.deepEqual(shownEvents((await node.run()).events), ['changed thing[b]', 'changed restart thing[b]'])
})

test('a command is ended when the time of its run is over', async (t) => {
  const { node } = await nodeWith(t)
  const resources = [resource('a', { onlyIf: ['sleep', '20'] })]
  node.catalog = { node: 'n1', resources, runDeadlineMs: 100 }
  const { run, events } = await node.run()
  assert.match(shownEvents(events).join(), /sleep 20 was killed: it took longer than 0\.[01]/)
  assert(run.finishedAt - run.startedAt < 5000)
})

test('converging by a plan does what it said, and nothing where the plan is another by now', async (t) => {
  const { world, node } = await nodeWith(t, resource('a'), resource('b'))
  const { plan } = (await node.run({ mode: 'plan' })).run
  assert(plan)
  world.values.set('b', 'on')
  await assert.rejects(
    node.run({ plan }),
    /the plan of this node is [0-9a-f]{64} by now, not [0-9a-f]{64}\. Look at it/,
  )
  assert.deepEqual(world.deeds, [])
  world.values.delete('b')
  assert.equal((await node.run({ mode: 'plan' })).run.plan, plan)
  assert.deepEqual(shownEvents((await node.run({ plan })).events), ['changed thing[a]', 'changed thing[b]'])
})

const secret = (value: string) => resource('a', { sensitive: true, props: { value } })

test('the hash of a plan tells values apart that the plan itself keeps to itself', async (t) => {
  const { node } = await nodeWith(t)
  const plans = []
  for (const value of ['one', 'two', 'one']) {
    node.catalog = { node: 'n1', resources: [secret(value)] }
    plans.push((await node.run({ mode: 'plan' })).run.plan)
  }
  assert.equal(plans[0], plans[2])
  assert.notEqual(plans[0], plans[1])
})

test('a reboot comes after all else that is owed, when the report is safe, and its run goes on with the orders', async (t) => {
  const { world, dir, node } = await nodeWith(t)
  const asked = join(dir, 'reboot-required')
  writeFileSync(asked, '')
  const boot: CatalogResource = { ...resource('for updates'), type: 'reboot', props: { exists: asked, kernel: false } }
  node.catalog = { node: 'n1', resources: [boot, resource('a', { recipe: 'b', notifies: [restart('a')] })] }
  let spooledAtReboot: string[] = []
  node.host.rebootNow = async () => {
    spooledAtReboot = node.spool.names()
  }
  const plan = await node.run({ mode: 'plan' })
  const { run, events } = await node.run({ orders: ['o1'] })
  const expected = ['reboot[for updates]', 'thing[a]', 'restart thing[a]', 'reboot reboot[for updates]']
  for (const one of [plan.events, events]) {
    assert.deepEqual(
      one.map(({ id, action }) => (action === undefined ? id : `${action} ${id}`)),
      expected,
    )
  }
  assert.deepEqual([run.reboot, run.orders, run.owed], [`${asked} is there`, [], []])
  assert(spooledAtReboot.some((name) => name.includes(run.id)))
  assert.deepEqual(world.deeds, ['apply a', 'restart a'])
  await assert.rejects(node.run(), /this machine reboots now: .* is there/)
})
