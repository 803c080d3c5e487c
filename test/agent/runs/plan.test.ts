import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../../helpers/converges.ts'
import { nodeIn, resource, restart, shownEvents, World } from '../tiny.ts'

test('a plan says what a converge would do, and does nothing', async (t) => {
  const dir = await tempDir(t)
  const world = new World()
  const node = nodeIn(dir, world, [
    resource('a', { notifies: [restart('c')] }),
    resource('b', { unless: ['touch', join(dir, 'asked')] }),
    resource('c', { notifies: [restart('a')] }),
    resource('d', { props: { value: 7 } }),
  ])
  world.values.set('c', 'on')
  const { run, events } = await node.run({ mode: 'plan' })
  assert.deepEqual(shownEvents(events), [
    'would-change thing[a]',
    'unknown thing[b]: it differs, but its guard is a command, and a plan runs none',
    'unknown thing[d]: it cannot be read before what stands above it is made: this agent cannot read it: value: must be text, not a number. Is the agent older than the server?',
    'would-change restart thing[c]',
  ])
  assert.deepEqual(
    [run.outcome, run.counts.wouldChange, run.counts.unknown, run.counts.unchanged],
    ['would-change', 2, 2, 1],
  )
  assert.deepEqual(world.deeds, [])
  assert.equal(existsSync(join(dir, 'asked')), false)
  assert.equal(existsSync(node.journalPath), false)
})

test('a plan tells which lease an action needs', async (t) => {
  const world = new World()
  world.values.set('b', 'on')
  const leased = resource('b', { lease: { group: 'things', max: 1 } })
  const node = nodeIn(await tempDir(t), world, [resource('a', { notifies: [restart('b')] }), leased])
  const { events } = await node.run({ mode: 'plan' })
  const last = events.at(-1)
  assert.equal(last?.action, 'restart')
  assert.equal('proviso' in last && last.proviso, 'once it has a lease of group things: 1 of its nodes at a time')
})

test('a plan shows what is owed, once, and leaves it owed', async (t) => {
  const world = new World()
  const node = nodeIn(await tempDir(t), world, [resource('a', { notifies: [restart('b')] }), resource('b')])
  world.before.set('restart b', () => {
    throw new Error('busy')
  })
  await node.run()
  world.values.set('a', 'drifted')
  const journal = readFileSync(node.journalPath, 'utf8')
  const { run, events } = await node.run({ mode: 'plan' })
  assert.deepEqual(shownEvents(events), ['would-change thing[a]', 'would-change restart thing[b]'])
  assert.deepEqual(run.owed, ['restart thing[b]'])
  assert.equal(readFileSync(node.journalPath, 'utf8'), journal)
})

test('what cannot be read fails in a plan where nothing before it differs', async (t) => {
  const node = nodeIn(await tempDir(t), new World(), [resource('a', { type: 'novelty' })])
  const { run, events } = await node.run({ mode: 'plan' })
  assert.deepEqual(shownEvents(events), [
    'failed novelty[a]: this agent knows no resource type novelty. Is it older than the server?',
  ])
  assert.equal(run.outcome, 'failed')
})

test('a plan of a node where nothing differs is unchanged', async (t) => {
  const world = new World()
  const node = nodeIn(await tempDir(t), world, [resource('a')])
  world.values.set('a', 'on')
  assert.equal((await node.run({ mode: 'plan' })).run.outcome, 'unchanged')
})
