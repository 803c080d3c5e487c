import assert from 'node:assert/strict'
import { cpSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { CatalogResource } from '../../../protocol/catalog.ts'
import { Journal } from '../../../agent/kept/journal.ts'
import { tempDir } from '../../helpers/converges.ts'
import { changesOf } from '../../../protocol/events.ts'
import { nodeIn, resource, restart, shownEvents, World } from '../tiny.ts'

const reload = (name: string) => ({ ...restart(name), action: 'reload' })
const fail = (why: string) => () => {
  throw new Error(why)
}

async function nodeWith(t: TestContext, ...resources: CatalogResource[]) {
  const world = new World()
  const dir = await tempDir(t)
  return { world, dir, node: nodeIn(dir, world, resources) }
}

test('what is owed is done once each, at the end, in the order first asked for', async (t) => {
  const { world, node } = await nodeWith(
    t,
    resource('a', { notifies: [restart('z'), reload('y')] }),
    resource('b', { notifies: [reload('y'), restart('y')] }),
    resource('y'),
    resource('z'),
  )
  const { run, events } = await node.run()
  assert.deepEqual(world.deeds.slice(4), ['restart z', 'reload y', 'restart y'])
  assert.deepEqual(shownEvents(events).slice(4), [
    'changed restart thing[z]',
    'changed reload thing[y]',
    'changed restart thing[y]',
  ])
  assert.deepEqual([run.counts.changed, run.owed], [7, []])
  await node.run()
  assert.equal(world.deeds.length, 7)
})

test('an action that fails is tried as often again as its resource says', async (t) => {
  const service = resource('service', { retries: 1, retryDelayMs: 10 })
  const { world, node } = await nodeWith(t, resource('a', { notifies: [restart('service')] }), service)
  world.values.set('service', 'on')
  let tries = 0
  world.before.set('restart service', () => {
    if (tries++ === 0) throw new Error('its name is taken still')
  })
  const { run, events } = await node.run()
  assert.deepEqual(shownEvents(events), ['changed thing[a]', 'changed restart thing[service]'])
  assert.deepEqual([run.owed, tries], [[], 2])
})

test('a resource that did not change owes nothing', async (t) => {
  const { world, node } = await nodeWith(t, resource('a', { notifies: [restart('b')] }), resource('b'))
  world.values.set('a', 'on')
  await node.run()
  assert.deepEqual(world.deeds, ['apply b'])
})

test('what a change will owe is on disk before the change is made', async (t) => {
  const { world, dir, node } = await nodeWith(t, resource('a', { notifies: [restart('b')] }), resource('b'))
  let owed: unknown
  world.before.set('apply a', () => {
    owed = new Journal(join(dir, 'journal')).owed
  })
  await node.run()
  assert.deepEqual(owed, [restart('b')])
  assert.deepEqual(new Journal(join(dir, 'journal')).owed, [])
})

test('an agent that dies in the middle of a change owes what it notifies, and what it had done is reported once', async (t) => {
  const { world, dir, node } = await nodeWith(
    t,
    resource('a', { notifies: [restart('c')] }),
    resource('b', { notifies: [reload('c')] }),
    resource('c'),
  )
  const remains = join(await tempDir(t), 'node')
  world.before.set('apply b', () => {
    world.values.set('b', 'on')
    cpSync(dir, remains, { recursive: true })
  })
  await node.run({ orders: ['o1'] })

  rmSync(join(remains, 'lock'))
  const after = new World()
  after.values = new Map(world.values)
  const reborn = nodeIn(remains, after, node.catalog?.resources)
  const [interrupted, report] = await reborn.runs()
  assert(interrupted && report)
  assert.deepEqual(shownEvents(interrupted.events), ['changed thing[a]', 'changed thing[b]'])
  assert.deepEqual(changesOf(interrupted.events[1] ?? assert.fail()), [{ what: 'value', from: null, to: 'on' }])
  assert.deepEqual(
    [interrupted.run.outcome, interrupted.run.orders, interrupted.run.trigger],
    ['interrupted', [], 'manual'],
  )
  assert.deepEqual(interrupted.run.owed, ['restart thing[c]', 'reload thing[c]'])
  assert.deepEqual(after.deeds, ['restart c', 'reload c'])
  assert.deepEqual(reborn.spool.names().length, 2)

  await reborn.run()
  assert.equal(reborn.spool.names().length, 3)
})

test('an agent that dies after its report was spooled leaves that report as it is', async (t) => {
  const { dir, node } = await nodeWith(t, resource('a'))
  const add = node.spool.add.bind(node.spool)
  const remains = join(await tempDir(t), 'node')
  node.spool.add = (report) => {
    add(report)
    cpSync(dir, remains, { recursive: true })
  }
  const { run } = await node.run({ orders: ['o1'] })

  rmSync(join(remains, 'lock'))
  const reborn = nodeIn(remains, new World(), [])
  const [name] = reborn.spool.names()
  await reborn.run()
  const kept = reborn.spool.read(name ?? '')
  assert.deepEqual([kept?.run.id, kept?.run.outcome, kept?.run.orders], [run.id, 'changed', ['o1']])
})

test('what is owed is done after a failure too', async (t) => {
  const { world, node } = await nodeWith(
    t,
    resource('a', { notifies: [restart('c')] }),
    resource('b'),
    resource('c', { recipe: 'r2' }),
  )
  world.before.set('apply b', fail('no power'))
  const { events } = await node.run()
  assert.deepEqual(shownEvents(events), [
    'changed thing[a]',
    'failed thing[b]: no power',
    'changed thing[c]',
    'changed restart thing[c]',
  ])
})

test('an action that fails stays owed, others go on, and the next run does it though nothing differs any more', async (t) => {
  const { world, node } = await nodeWith(t, resource('a', { notifies: [restart('a'), reload('a')] }))
  world.before.set('restart a', fail('job timed out'))
  const { run, events } = await node.run()
  assert.deepEqual(shownEvents(events).slice(1), ['failed restart thing[a]: job timed out', 'changed reload thing[a]'])
  assert.deepEqual([run.outcome, run.owed], ['failed', ['restart thing[a]']])

  world.before.clear()
  world.log = []
  const next = await node.run()
  assert.deepEqual(world.deeds, ['restart a'])
  assert.deepEqual([next.run.outcome, next.run.owed, next.run.counts.changed], ['changed', [], 1])
  assert.equal((await node.run()).run.outcome, 'unchanged')
})

test('a start makes a restart needless that was asked for before it, not one asked for after', async (t) => {
  const started = { props: { value: 'started' } }
  const { world, node } = await nodeWith(t, resource('conf', { notifies: [restart('s')] }), resource('s', started))
  await node.run()
  assert.deepEqual(world.deeds, ['apply conf', 'apply s'])

  node.catalog = { node: 'n1', resources: [resource('s', started), resource('late', { notifies: [restart('s')] })] }
  world.values.clear()
  world.log = []
  await node.run()
  assert.deepEqual(world.deeds, ['apply s', 'apply late', 'restart s'])
})

test('an apply that failed and changed nothing owes nothing; one that changed something does', async (t) => {
  const { world, node } = await nodeWith(
    t,
    resource('a', { recipe: 'r1', notifies: [restart('c')] }),
    resource('b', { recipe: 'r2', notifies: [reload('c')] }),
    resource('c', { recipe: 'r3' }),
  )
  world.before.set('apply a', fail('refused'))
  world.before.set('apply b', () => {
    world.values.set('b', 'half')
    throw new Error('broken off')
  })
  const { run } = await node.run()
  assert.deepEqual(world.deeds.slice(2), ['apply c', 'reload c'])
  assert.deepEqual(run.owed, [])
})

test('what a failed resource owed from an earlier run stays owed', async (t) => {
  const { world, node } = await nodeWith(
    t,
    resource('a', { notifies: [restart('b')] }),
    resource('b', { recipe: 'r2' }),
  )
  world.before.set('restart b', fail('busy'))
  await node.run()
  world.values.delete('a')
  world.before.set('apply a', fail('refused'))
  assert.deepEqual((await node.run()).run.owed, ['restart thing[b]'])
})

test('of neighbours made together the one that failed does not take along what the other owes', async (t) => {
  const notifies = [restart('c')]
  const { world, node } = await nodeWith(
    t,
    resource('a', { type: 'package', notifies }),
    resource('b', { type: 'package', notifies }),
    resource('c', { recipe: 'r2' }),
  )
  world.values.set('c', 'on')
  world.before.set('apply a', fail('no such package'))
  await node.run()
  assert.deepEqual(world.deeds, ['apply a b', 'restart c'])
})

test('what is owed to a resource that is no longer in the catalog is forgotten, and says so', async (t) => {
  const { world, node } = await nodeWith(t, resource('a', { notifies: [restart('a')] }))
  world.before.set('restart a', fail('busy'))
  await node.run()
  node.catalog = { node: 'n1', resources: [] }
  const { run, events } = await node.run()
  assert.deepEqual(shownEvents(events), [
    'skipped restart thing[a]: thing[a] is no longer in the catalog, or has no restart',
  ])
  assert.deepEqual(run.owed, [])
})

test('an action on a resource whose props cannot be read is not tried, and stays owed', async (t) => {
  const { world, node } = await nodeWith(
    t,
    resource('a', { notifies: [restart('b')] }),
    resource('b', { props: { valu: 'on' } }),
  )
  const { run, events } = await node.run()
  assert.deepEqual(world.deeds, ['apply a'])
  assert.match(shownEvents(events).at(-1) ?? '', /^failed restart thing\[b\]: this agent cannot read it/)
  assert.deepEqual(run.owed, ['restart thing[b]'])
})

test('where the journal cannot be written nothing is changed, and what is as wanted is still said to be', async (t) => {
  const { world, dir, node } = await nodeWith(
    t,
    resource('a'),
    resource('b', { recipe: 'r2', notifies: [restart('a')] }),
    resource('c', { recipe: 'r3' }),
  )
  world.values.set('c', 'on')
  world.looked = () => fillDisk(join(dir, 'journal'))
  const { run, events } = await node.run()
  assert.deepEqual(world.deeds, [])
  for (const event of shownEvents(events)) {
    assert.match(event, /^failed thing\[[ab]\]: nothing was changed, since the journal cannot be written: ENOSPC/)
  }
  assert.deepEqual([run.outcome, run.counts.failed, run.counts.unchanged, run.owed], ['failed', 2, 1, []])
})

test('where the journal cannot be written nothing owed is done, and it stays owed', async (t) => {
  const { world, dir, node } = await nodeWith(t, resource('a', { notifies: [restart('a')] }))
  world.before.set('restart a', fail('busy'))
  await node.run()
  world.before.clear()
  world.log = []
  world.looked = () => fillDisk(join(dir, 'journal'))
  const { run, events } = await node.run()
  assert.deepEqual(world.deeds, [])
  assert.match(
    shownEvents(events).join(),
    /^failed restart thing\[a\]: it was not done, since the journal cannot be written: ENOSPC/,
  )
  assert.deepEqual(run.owed, ['restart thing[a]'])
  world.looked = () => {}
  await node.run()
  assert.deepEqual(world.deeds, ['restart a'])
})

function fillDisk(path: string) {
  rmSync(path, { force: true })
  symlinkSync('/dev/full', path)
}
