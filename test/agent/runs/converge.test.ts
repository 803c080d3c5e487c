import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { CatalogResource } from '../../../protocol/catalog.ts'
import { tempDir } from '../../helpers/converges.ts'
import { nodeIn, resource, restart, shownEvents, World } from '../tiny.ts'

async function nodeWith(t: TestContext, ...resources: CatalogResource[]) {
  const world = new World()
  const dir = await tempDir(t)
  return { world, dir, node: nodeIn(dir, world, resources) }
}

const pkg = (name: string, given: Partial<CatalogResource> = {}) => resource(name, { type: 'package', ...given })
const fail = (why: string) => () => {
  throw new Error(why)
}

test('a run with nothing to do looks once at each resource and touches nothing', async (t) => {
  const { world, dir, node } = await nodeWith(t, resource('a'), resource('b'))
  world.values = new Map([
    ['a', 'on'],
    ['b', 'on'],
  ])
  const { run, events } = await node.run()
  assert.deepEqual(world.log, ['check a', 'check b'])
  assert.equal(existsSync(join(dir, 'journal')), false)
  assert.equal(run.outcome, 'unchanged')
  assert.equal(run.counts.unchanged, 2)
  assert.deepEqual(events, [])
})

test('resources are applied in the order of the catalog, and looked at once more right after', async (t) => {
  const { world, node } = await nodeWith(t, resource('b'), resource('a'))
  const { run, events } = await node.run()
  assert.deepEqual(world.log, ['check b', 'check b', 'apply b', 'check b', 'check a', 'apply a', 'check a'])
  assert.deepEqual(shownEvents(events), ['changed thing[b]', 'changed thing[a]'])
  assert.equal(run.outcome, 'changed')
  assert.equal((await node.run()).run.outcome, 'unchanged')
})

test('after the first change what was as wanted is looked at again', async (t) => {
  const { world, node } = await nodeWith(t, resource('a'), resource('b'))
  world.values.set('b', 'on')
  world.before.set('apply a', () => void world.values.set('b', 'undone by a'))
  assert.deepEqual(shownEvents((await node.run()).events), ['changed thing[a]', 'changed thing[b]'])
})

test('a failure skips the rest of its recipe and what requires it, and what requires that; others go on', async (t) => {
  const { world, node } = await nodeWith(
    t,
    resource('a'),
    resource('b'),
    resource('c', { recipe: 'other', requires: ['thing[b]'] }),
    resource('d', { recipe: 'third', requires: ['thing[c]'] }),
    resource('e', { recipe: 'other' }),
  )
  world.before.set('apply a', fail('no power'))
  const { run, events } = await node.run()
  assert.deepEqual(shownEvents(events), [
    'failed thing[a]: no power',
    'skipped thing[b]: thing[a] failed before it in recipe main',
    'skipped thing[c]: it requires thing[b], which failed or was skipped',
    'skipped thing[d]: it requires thing[c], which failed or was skipped',
    'changed thing[e]',
  ])
  assert.equal(run.outcome, 'failed')
  assert.deepEqual([run.counts.failed, run.counts.skipped, run.counts.changed, run.counts.unchanged], [1, 3, 1, 0])
})

test('a resource that still differs right after it was applied has failed', async (t) => {
  const { world, node } = await nodeWith(t, resource('a', { props: { value: 'started' } }))
  world.stubborn.add('a')
  const { events } = await node.run()
  assert.deepEqual(shownEvents(events), [
    'failed thing[a]: did not converge: right after it was applied it differs again: value is missing, wanted started',
  ])
})

test('a type that this agent does not know and props that it cannot read fail alone', async (t) => {
  const { node } = await nodeWith(
    t,
    resource('a', { type: 'novelty', recipe: 'r1' }),
    resource('b', { props: { value: 7 }, recipe: 'r2' }),
    resource('c'),
  )
  assert.deepEqual(shownEvents((await node.run()).events), [
    'failed novelty[a]: this agent knows no resource type novelty. Is it older than the server?',
    'failed thing[b]: this agent cannot read it: value: must be text, not a number. Is the agent older than the server?',
    'changed thing[c]',
  ])
})

test('neighbours of a type that can are made in one transaction, where nothing stands between them', async (t) => {
  const { world, node } = await nodeWith(
    t,
    pkg('a'),
    pkg('b'),
    pkg('c'),
    resource('x'),
    pkg('d'),
    pkg('e', { recipe: 'r2' }),
  )
  world.values.set('b', 'on')
  const { run } = await node.run()
  assert.deepEqual(world.deeds, ['apply a c', 'apply x', 'apply d', 'apply e'])
  assert.deepEqual([run.counts.changed, run.counts.unchanged], [5, 1])
})

test('one of the neighbours fails alone; the recipe ends after the transaction', async (t) => {
  const { world, node } = await nodeWith(t, pkg('a'), pkg('b'), pkg('c'), resource('x'))
  world.before.set('apply b', fail('no such package'))
  assert.deepEqual(shownEvents((await node.run()).events), [
    'changed package[a]',
    'failed package[b]: no such package',
    'changed package[c]',
    'skipped thing[x]: package[b] failed before it in recipe main',
  ])
})

test('a neighbour that requires another, or that a guard decides on, is no part of its transaction', async (t) => {
  const { world, node } = await nodeWith(
    t,
    resource('a', { type: 'package' }),
    resource('b', { type: 'package', requires: ['package[a]'] }),
    resource('c', { type: 'package', unless: ['false'] }),
    resource('d', { type: 'package', retries: 1 }),
    resource('e', { type: 'package', timeoutMs: 5000 }),
  )
  await node.run()
  assert.deepEqual(world.deeds, ['apply a', 'apply b', 'apply c', 'apply d', 'apply e'])
})

test('a failed apply is tried again as often as the recipe says, and sees what the attempt before has left', async (t) => {
  const { world, node } = await nodeWith(t, resource('a', { retries: 1 }))
  world.before.set('apply a', () => {
    if (world.deeds.length === 1) throw new Error('busy')
  })
  assert.deepEqual(shownEvents((await node.run()).events), ['changed thing[a]'])
  assert.deepEqual(world.deeds, ['apply a', 'apply a'])

  world.values.delete('a')
  world.log = []
  world.before.set('apply a', () => {
    world.values.set('a', 'on')
    throw new Error('done, but it complains')
  })
  assert.deepEqual(shownEvents((await node.run()).events), ['changed thing[a]'])
  assert.deepEqual(world.deeds, ['apply a'])
})

test('a resource that fails to the last is tried no more often than the recipe says', async (t) => {
  const { world, node } = await nodeWith(t, resource('a', { retries: 1 }))
  world.before.set('apply a', fail('busy'))
  assert.deepEqual(shownEvents((await node.run()).events), ['failed thing[a]: busy'])
  assert.deepEqual(world.deeds, ['apply a', 'apply a'])
})

test('commands of a resource are killed when its time is over, also those of an action', async (t) => {
  const { world, node } = await nodeWith(t, resource('a', { timeoutMs: 200, notifies: [restart('a')] }), resource('b'))
  const sleep = async () => void (await node.host.run(['sleep', '30']))
  world.before.set('apply b', async () => void (await node.host.run(['sleep', '0.3'])))
  world.before.set('restart a', sleep)
  assert.deepEqual(shownEvents((await node.run()).events), [
    'changed thing[a]',
    'changed thing[b]',
    'failed restart thing[a]: sleep 30 was killed: it took longer than 0.2 s',
  ])
  world.values.delete('a')
  world.before.set('apply a', sleep)
  const [event] = (await node.run()).events
  assert(event?.outcome === 'failed')
  assert.match(event.error, /^sleep 30 was killed: it took longer than 0\.[12]\d* s$/)
})

test('guards are asked only when something differs, and leave alone what they say', async (t) => {
  const dir = await tempDir(t)
  const asked = (name: string) => existsSync(join(dir, name))
  const touch = (name: string): [string, ...string[]] => ['touch', join(dir, name)]
  const { world, node } = await nodeWith(
    t,
    resource('same', { onlyIf: touch('same') }),
    resource('allowed', { onlyIf: touch('allowed'), unless: ['false'] }),
    resource('forbidden', { onlyIf: ['false'] }),
    resource('needless', { unless: ['true'] }),
  )
  world.values.set('same', 'on')
  const { run, events } = await node.run()
  assert.deepEqual(world.deeds, ['apply allowed'])
  assert.deepEqual(
    shownEvents(events),
    ['failed thing[allowed]: did not converge'].slice(1).concat('changed thing[allowed]'),
  )
  assert.deepEqual([asked('same'), asked('allowed')], [false, true])
  assert.equal(run.counts.unchanged, 3)
})

test('a guard that cannot be run is a failure', async (t) => {
  const { node } = await nodeWith(t, resource('a', { onlyIf: ['no-such-program'] }))
  const [event] = (await node.run()).events
  assert(event?.outcome === 'failed')
  assert.match(event.error, /no-such-program cannot be started/)
})

test('what is sensitive is in no event, report or journal: not values, not messages, of guards and actions neither', async (t) => {
  const sensitive = { sensitive: true, props: { value: 'hunter2' } }
  const { world, dir, node } = await nodeWith(
    t,
    resource('a', sensitive),
    resource('b', { ...sensitive, recipe: 'r2' }),
    resource('c', { ...sensitive, recipe: 'r3', notifies: [restart('c')] }),
    resource('d', { ...sensitive, recipe: 'r4', onlyIf: ['no-such-program', 'hunter2'] }),
  )
  world.values.set('a', 'the-old-hunter2')
  world.before.set('apply b', fail('hunter2 was refused'))
  world.before.set('restart c', fail('hunter2 was refused'))
  let journal = ''
  world.before.set('apply c', () => {
    journal = readFileSync(join(dir, 'journal'), 'utf8')
  })
  const plan = await node.run({ mode: 'plan' })
  const report = await node.run()
  assert.equal(report.run.counts.failed, 3)
  assert.match(journal, /"id":"thing\[a\]"/)
  for (const text of [JSON.stringify([plan, report]), journal, readFileSync(join(dir, 'journal'), 'utf8')]) {
    assert.doesNotMatch(text, /hunter2/)
  }
  for (const name of node.spool.names()) assert.doesNotMatch(readFileSync(join(dir, 'spool', name), 'utf8'), /hunter2/)
})

test('a cancelled run finishes the resource under way, skips the others, and leaves what is owed owed', async (t) => {
  const { world, node } = await nodeWith(t, resource('a', { notifies: [restart('b')] }), resource('b'))
  const abort = new AbortController()
  world.before.set('apply a', () => abort.abort())
  const { run, events } = await node.run({}, { signal: abort.signal })
  assert.deepEqual(shownEvents(events), ['changed thing[a]', 'skipped thing[b]: the run was cancelled'])
  assert.deepEqual(run.owed, ['restart thing[b]'])
  assert.equal(run.outcome, 'failed')
  assert.equal(run.error, 'the run was cancelled')

  assert.deepEqual(shownEvents((await node.run()).events), ['changed thing[b]', 'changed restart thing[b]'])
})

test('a node without a catalog reports that', async (t) => {
  const { node } = await nodeWith(t)
  node.catalog = undefined
  const { run } = await node.run()
  assert.deepEqual([run.outcome, run.error, run.catalog], ['failed', 'there is no catalog on this node yet', null])
})

test('what an observer is told comes as it happens, unchanged resources too', async (t) => {
  const { world, node } = await nodeWith(t, resource('a'), resource('b'))
  world.values.set('a', 'on')
  const told: string[] = []
  await node.run(
    { orders: ['o1'] },
    {
      started: ({ orders }, resources) => told.push(`started ${orders.join()} ${resources}`),
      event: (event) => told.push(...shownEvents([event])),
    },
  )
  assert.deepEqual(told, ['started o1 2', 'unchanged thing[a]', 'changed thing[b]'])
})
