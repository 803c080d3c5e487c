import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tempDir } from '../../helpers/converges.ts'
import { nodeIn, resource, restart, shownEvents, World } from '../tiny.ts'

test('a probe looks after what is owed above it in its recipe is done, and what other recipes owe waits for the end', async (t) => {
  const world = new World()
  const node = nodeIn(await tempDir(t), world, [
    resource('other', { recipe: 'elsewhere', notifies: [restart('other service')] }),
    resource('other service', { recipe: 'elsewhere' }),
    resource('file', { notifies: [restart('service')] }),
    resource('service'),
    resource('health', { type: 'probe' }),
  ])
  const { thing } = world.types
  assert(thing)
  world.types.probe = { ...thing, type: 'probe', seesWhatRuns: true }
  world.values.set('service', 'on').set('other service', 'on').set('health', 'on')

  await node.run()

  const order = world.log.filter((line) => /^(restart|check health)/.test(line))
  assert.deepEqual(order.slice(-3), ['restart service', 'check health', 'restart other service'])
})

test('an action that failed before a probe is not tried again at the end of the run, and takes the probe with it', async (t) => {
  const world = new World()
  const node = nodeIn(await tempDir(t), world, [
    resource('file', { notifies: [restart('service')] }),
    resource('service'),
    resource('health', { type: 'probe' }),
  ])
  const { thing } = world.types
  assert(thing)
  world.types.probe = { ...thing, type: 'probe', seesWhatRuns: true }
  world.values.set('service', 'on')
  world.before.set('restart service', () => {
    throw new Error('it does not start')
  })

  const { run, events } = await node.run()

  assert.deepEqual(shownEvents(events), [
    'changed thing[file]',
    'failed restart thing[service]: it does not start',
    'skipped probe[health]: thing[service] failed before it in recipe main',
  ])
  assert.deepEqual(run.owed, ['restart thing[service]'])
})

test('a probe that is not well is deferred where an action above it waits for a lease, and so may be what it lacks', async (t) => {
  const world = new World()
  const lease = { group: 'things', max: 1 }
  const node = nodeIn(await tempDir(t), world, [
    resource('file', { notifies: [restart('service')] }),
    resource('service', { lease }),
    resource('health', { type: 'probe' }),
    resource('after'),
  ])
  const { thing } = world.types
  assert(thing)
  world.types.probe = { ...thing, type: 'probe', seesWhatRuns: true }
  world.values.set('service', 'on')

  const { run, events } = await node.run()

  const noLease = 'there is no connection to the server, which gives leases'
  assert.deepEqual(shownEvents(events), [
    'changed thing[file]',
    `deferred restart thing[service]: it waits for a lease of group things: ${noLease}`,
    'deferred probe[health]: it waits for restart thing[service]',
    'changed thing[after]',
  ])
  assert.deepEqual(run.owed, ['restart thing[service]'])
})
