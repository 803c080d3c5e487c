import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stanceOf, whyDisabled } from '../../../agent/runs/stance.ts'
import { prepare } from '../../../agent/runs/prepare.ts'
import { nodeIn, resource, shownEvents, World } from '../tiny.ts'
import { tempDir } from '../../helpers/converges.ts'

const one = (more: object = {}) => {
  const [prepared] = prepare({ node: 'n1', resources: [resource('a', { recipe: 'web', ...more })] }, new World().types)
  assert(prepared)
  return prepared
}
const sunday = { cron: '0 3 * * 0', minutes: 60 }
const at = async (time: string, window: object = sunday) =>
  (await stanceOf({ node: 'n1', policies: { web: { window: { ...sunday, ...window } } } }, new Date(time)))(one())

test('a window is open from the moment that its expression names, for its minutes', async () => {
  assert.equal(await at('2026-11-22T03:00:00Z'), undefined)
  assert.equal(await at('2026-11-22T03:59:59.999Z'), undefined)
  assert.deepEqual(await at('2026-11-22T04:00:00Z'), {
    outcome: 'deferred',
    reason: 'outside the maintenance window, which opens at 2026-11-29T03:00:00.000Z',
  })
  assert.equal((await at('2026-11-22T02:59:59Z'))?.outcome, 'deferred')
})

test('a window is told in its own time zone, and UTC otherwise', async () => {
  assert.equal(await at('2026-11-22T02:30:00Z', { timezone: 'Europe/Berlin' }), undefined)
  assert.equal((await at('2026-11-22T03:30:00Z', { timezone: 'Europe/Berlin' }))?.outcome, 'deferred')
})

test('a window that is longer than the time between two openings is always open', async () => {
  assert.equal(await at('2026-11-24T12:00:00Z', { cron: '0 3 * * *', minutes: 2 * 24 * 60 }), undefined)
})

test('audited are the whole node, a recipe, or one resource', async () => {
  const now = new Date()
  assert.match((await stanceOf({ node: 'n1', audit: true }, now))(one())?.reason ?? '', /node is only audited/)
  assert.match(
    (await stanceOf({ node: 'n1', policies: { web: { audit: true } } }, now))(one())?.reason ?? '',
    /recipe web/,
  )
  assert.equal((await stanceOf({ node: 'n1' }, now))(one({ audit: true }))?.outcome, 'would-change')
  assert.equal((await stanceOf({ node: 'n1' }, now))(one()), undefined)
})

test('a node is disabled until its time is over', () => {
  const disabled = { by: 'ada', reason: 'disk is being exchanged', until: Date.UTC(2026, 10, 22) }
  assert.equal(
    whyDisabled({ disabled }, disabled.until - 1),
    'this node is disabled by ada until 2026-11-22T00:00:00.000Z: disk is being exchanged',
  )
  assert.equal(whyDisabled({ disabled }, disabled.until), undefined)
  assert.match(whyDisabled({ disabled: { by: 'ada', reason: 'r' } }, Date.now()) ?? '', /disabled by ada: r/)
})

test('a disabled node makes no run but a plan', async (t) => {
  const world = new World()
  const node = nodeIn(await tempDir(t), world, [resource('a')])
  node.catalog = { node: 'n1', resources: [resource('a')], disabled: { by: 'ada', reason: 'moving' } }
  await assert.rejects(node.run(), /this node is disabled by ada: moving/)
  assert.deepEqual(shownEvents((await node.run({ mode: 'plan' })).events), ['would-change thing[a]'])
  assert.deepEqual(world.deeds, [])
  assert.deepEqual(node.spool.names().length, 1)
})

test('what is audited differs in a report, owes nothing and holds nothing up', async (t) => {
  const world = new World()
  const node = nodeIn(await tempDir(t), world, [
    resource('a', { audit: true, notifies: [{ action: 'restart', target: 'thing[b]' }] }),
    resource('b', { requires: ['thing[a]'] }),
  ])
  const { events, run } = await node.run()
  assert.deepEqual(shownEvents(events), ['would-change thing[a]', 'changed thing[b]'])
  assert.deepEqual([world.deeds, run.owed], [['apply b'], []])
})

test('an action whose time has not come stays owed', async (t) => {
  const world = new World()
  const node = nodeIn(await tempDir(t), world, [])
  const resources = [
    resource('a', { recipe: 'now', notifies: [{ action: 'restart', target: 'thing[b]' }] }),
    resource('b', { recipe: 'later' }),
  ]
  world.values.set('b', 'on')
  const never = { later: { window: { cron: '0 0 30 2 *', minutes: 1 } } }
  node.catalog = { node: 'n1', resources, policies: never }
  const { events, run } = await node.run()
  assert.deepEqual(shownEvents(events), [
    'changed thing[a]',
    'deferred restart thing[b]: outside the maintenance window, which opens never again',
  ])
  assert.deepEqual(run.owed, ['restart thing[b]'])
  node.catalog = { node: 'n1', resources }
  assert.deepEqual(shownEvents((await node.run()).events), ['changed restart thing[b]'])
})
