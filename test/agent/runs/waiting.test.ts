import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tempDir } from '../../helpers/converges.ts'
import { nodeIn, resource, restart, shownEvents, World } from '../tiny.ts'

const gateProps = { role: 'zookeeper', probe: 'probe[zookeeper]', atLeast: 2 }
const gate = (given: object = {}) => resource('quorum', { type: 'gate', props: gateProps, ...given })

test('a closed gate defers what comes after it in its recipe, and nothing else', async (t) => {
  const world = new World()
  world.closed.set('quorum', '1 of 2 is well')
  const node = nodeIn(await tempDir(t), world, [
    resource('config', { notifies: [restart('daemon')] }),
    gate(),
    resource('daemon'),
    resource('other', { recipe: 'other' }),
  ])

  const { run, events } = await node.run()

  assert.deepEqual(shownEvents(events), [
    'changed thing[config]',
    'deferred gate[quorum]: 1 of 2 is well',
    'deferred thing[daemon]: it waits for gate[quorum]',
    'changed thing[other]',
    'deferred restart thing[daemon]: it waits for gate[quorum]',
  ])
  assert.deepEqual(run.waits, { 'gate[quorum]': '1 of 2 is well' })
  assert.equal(run.outcome, 'changed')
  assert.deepEqual(run.owed, ['restart thing[daemon]'])
  assert.deepEqual(world.deeds, ['apply config', 'apply other'])
})

test('once it is open all that waited is made, and what was owed is done', async (t) => {
  const world = new World()
  world.closed.set('quorum', 'nobody is there')
  const node = nodeIn(await tempDir(t), world, [
    resource('config', { notifies: [restart('daemon')] }),
    gate(),
    resource('daemon', { props: { value: 'started' } }),
  ])
  await node.run()
  world.closed.clear()

  const { run, events } = await node.run()

  assert.deepEqual(shownEvents(events), ['changed thing[daemon]'])
  assert.deepEqual(run.owed, [], 'a start makes the restart needless')
  assert.equal(run.waits, undefined)
  assert.deepEqual(world.deeds, ['apply config', 'apply daemon'])
})

test('what requires something that waits is held back too, in whichever recipe', async (t) => {
  const world = new World()
  world.closed.set('quorum', 'closed')
  const node = nodeIn(await tempDir(t), world, [
    gate(),
    resource('daemon'),
    resource('job', { recipe: 'jobs', requires: ['thing[daemon]'] }),
    resource('other', { recipe: 'jobs' }),
  ])

  assert.deepEqual(shownEvents((await node.run()).events), [
    'deferred gate[quorum]: closed',
    'deferred thing[daemon]: it waits for gate[quorum]',
    'deferred thing[job]: it waits for thing[daemon]',
    'changed thing[other]',
  ])
})

test('a plan says the same of a closed gate', async (t) => {
  const world = new World()
  world.closed.set('quorum', 'closed')
  const node = nodeIn(await tempDir(t), world, [
    resource('config', { notifies: [restart('daemon')] }),
    gate(),
    resource('daemon'),
  ])

  const { run, events } = await node.run({ mode: 'plan' })

  assert.deepEqual(shownEvents(events), [
    'would-change thing[config]',
    'deferred gate[quorum]: closed',
    'deferred thing[daemon]: it waits for gate[quorum]',
    'deferred restart thing[daemon]: it waits for gate[quorum]',
  ])
  assert.deepEqual(run.waits, { 'gate[quorum]': 'closed' })
})

test('what cannot be read below a closed gate is deferred, not failed', async (t) => {
  const world = new World()
  world.closed.set('quorum', 'closed')
  const node = nodeIn(await tempDir(t), world, [gate(), resource('daemon', { props: { value: 1 } })])

  assert.deepEqual(shownEvents((await node.run()).events), [
    'deferred gate[quorum]: closed',
    'deferred thing[daemon]: it waits for gate[quorum]',
  ])
})
