import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { blobsIn } from '../../../agent/kept/blobs.ts'
import { type Cleanup, type CatalogResource, sha256 } from '../../../protocol/catalog.ts'
import { resourceTypes } from '../../../resources/index.ts'
import { tempDir } from '../../helpers/converges.ts'
import { nodeIn, resource, shownEvents, World } from '../tiny.ts'

async function filesIn(t: TestContext) {
  const dir = await tempDir(t)
  const world = new World()
  Object.assign(world.types, resourceTypes)
  const node = nodeIn(join(dir, 'state'), world)
  const blobs = blobsIn(join(dir, 'state', 'blobs'))
  const path = (name: string) => join(dir, name)
  const file = (name: string, text: string): CatalogResource => {
    blobs.write(sha256(text), Buffer.from(text))
    const props = { content: { sha256: sha256(text), bytes: text.length } }
    return { ...resource(path(name)), type: 'file', recipe: 'web', props }
  }
  const wants = (resources: CatalogResource[], cleanup?: Cleanup) => {
    node.catalog = { node: 'n1', resources, ...(cleanup && { policies: { web: { cleanup } } }) }
  }
  return { dir, node, path, file, wants, ledger: join(dir, 'state', 'ledger') }
}

async function causes(node: ReturnType<typeof nodeIn>) {
  return (await node.run()).events.map((event) => ('cause' in event ? event.cause : undefined))
}

test('a change is intended when the catalog says otherwise than before, and drift when it does not', async (t) => {
  const { node, path, file, wants } = await filesIn(t)
  wants([file('a', 'one')])
  assert.deepEqual(await causes(node), ['intended'])
  writeFileSync(path('a'), 'theirs')
  assert.deepEqual(await causes(node), ['drift'])
  wants([file('a', 'two')])
  assert.deepEqual(await causes(node), ['intended'])
  rmSync(path('a'))
  assert.deepEqual(await causes(node), ['drift'])
})

test('what was found as wanted counts as converged, so its next difference is drift', async (t) => {
  const { node, path, file, wants } = await filesIn(t)
  writeFileSync(path('a'), 'one')
  wants([file('a', 'one')])
  assert.deepEqual(await causes(node), [])
  writeFileSync(path('a'), 'theirs')
  assert.deepEqual(await causes(node), ['drift'])
})

test('what has left the catalog is told as long as it is there, and kept', async (t) => {
  const { node, path, file, wants } = await filesIn(t)
  wants([file('a', 'one'), file('b', 'two')])
  await node.run()
  wants([file('a', 'one')])
  const id = `file[${path('b')}]`
  assert.deepEqual((await node.run()).run.orphans, [id])
  assert.deepEqual((await node.run()).run.orphans, [id])
  assert.deepEqual((await node.run({ mode: 'plan' })).run.orphans, [id])
  assert.equal(readFileSync(path('b'), 'utf8'), 'two')
  rmSync(path('b'))
  assert.equal((await node.run()).run.orphans, undefined)
})

test('what was made is removed where the recipe said so, what was there before is not', async (t) => {
  const { node, path, file, wants } = await filesIn(t)
  writeFileSync(path('theirs'), 'of somebody')
  wants([file('made', 'one'), file('theirs', 'ours now')], 'remove')
  await node.run()
  wants([], 'remove')
  const plan = await node.run({ mode: 'plan' })
  assert.deepEqual(shownEvents(plan.events), [`would-change remove file[${path('made')}]`])
  assert(existsSync(path('made')))
  const { run, events } = await node.run()
  assert.deepEqual(shownEvents(events), [`changed remove file[${path('made')}]`])
  assert.deepEqual(run.orphans, [`file[${path('theirs')}]`])
  assert.deepEqual([existsSync(path('made')), readFileSync(path('theirs'), 'utf8')], [false, 'ours now'])
})

test('what was replaced comes back where the recipe said so, as it was before the first time', async (t) => {
  const { node, path, file, wants } = await filesIn(t)
  writeFileSync(path('theirs'), 'of somebody', { mode: 0o640 })
  wants([file('theirs', 'one')], 'restore')
  await node.run()
  wants([file('theirs', 'two')], 'restore')
  await node.run()
  wants([], 'restore')
  assert.deepEqual(shownEvents((await node.run()).events), [`changed restore file[${path('theirs')}]`])
  assert.equal(readFileSync(path('theirs'), 'utf8'), 'of somebody')
  assert.equal((await node.run()).run.orphans, undefined)
})

test('what comes back into the catalog is no orphan, and still known as made', async (t) => {
  const { node, path, file, wants } = await filesIn(t)
  wants([file('a', 'one'), file('b', 'two')])
  await node.run()
  wants([file('b', 'two')])
  assert.equal((await node.run()).run.orphans?.length, 1)
  wants([file('a', 'one'), file('b', 'two')])
  assert.equal((await node.run()).run.orphans, undefined)
  wants([file('b', 'two')], 'remove')
  assert.deepEqual(shownEvents((await node.run()).events), [`changed remove file[${path('a')}]`])
})

test('a recipe that is gone altogether has said before what becomes of its things', async (t) => {
  const { node, path, file, wants } = await filesIn(t)
  wants([file('a', 'one')], 'remove')
  await node.run()
  wants([])
  await node.run()
  assert.equal(existsSync(path('a')), false)
})

test('an audited node only tells what is left', async (t) => {
  const { node, path, file, wants } = await filesIn(t)
  wants([file('a', 'one')], 'remove')
  await node.run()
  node.catalog = { node: 'n1', resources: [], audit: true }
  const { events, run } = await node.run()
  const id = `file[${path('a')}]`
  assert.deepEqual([shownEvents(events), run.orphans], [[`would-change remove ${id}`], [id]])
  assert(existsSync(path('a')))
  node.catalog = { node: 'n1', resources: [], policies: { web: { audit: true } } }
  assert.deepEqual(shownEvents((await node.run()).events), [`would-change remove ${id}`])
  assert(existsSync(path('a')))
})

test('what a plan is known by covers what would be cleaned up', async (t) => {
  const { node, path, file, wants } = await filesIn(t)
  wants([file('a', 'one'), file('b', 'two')], 'remove')
  await node.run()
  wants([file('b', 'two')], 'remove')
  const { plan } = (await node.run({ mode: 'plan' })).run
  rmSync(path('a'))
  assert.notEqual((await node.run({ mode: 'plan' })).run.plan, plan)
})

test('nothing of a sensitive thing is told when it is cleaned up', async (t) => {
  const { node, path, file, wants } = await filesIn(t)
  const part = { ...resource(`${path('a')}#password`), type: 'line', recipe: 'web', sensitive: true }
  writeFileSync(path('a'), 'user=web\n')
  wants([{ ...part, props: resourceTypes.line.props.parse({ line: 'password=hunter2' }) }], 'remove')
  await node.run()
  wants([file('b', 'two')], 'remove')
  const reports = [await node.run({ mode: 'plan' }), await node.run()]
  assert.doesNotMatch(JSON.stringify(reports), /hunter2/)
  assert.equal(readFileSync(path('a'), 'utf8'), 'user=web\n')
})

test('a repair of one thing says nothing of another that never was as wanted', async (t) => {
  const { node, file, wants } = await filesIn(t)
  wants([file('a', 'one'), file('no/such/folder/b', 'two')])
  await node.run()
  const again = await node.run()
  assert.deepEqual(
    again.events.map((event) => 'cause' in event && event.cause),
    ['intended'],
  )
})

test('a damaged ledger is moved aside, and nothing that it told of is removed', async (t) => {
  const { node, path, file, wants, ledger } = await filesIn(t)
  wants([file('a', 'one')], 'remove')
  await node.run()
  writeFileSync(ledger, 'nonsense')
  wants([], 'remove')
  assert.equal((await node.run()).run.outcome, 'unchanged')
  assert(existsSync(path('a')))
  assert(existsSync(`${ledger}.damaged`))
})

test('a ledger in which what is left over cannot be read is moved aside, and the thing stays', async (t) => {
  const { node, path, file, wants, ledger } = await filesIn(t)
  wants([file('a', 'one'), file('b', 'one')], 'remove')
  await node.run()
  writeFileSync(ledger, readFileSync(ledger, 'utf8').replaceAll('"how":"made"', '"how":"conjured"'))
  wants([file('b', 'two')], 'remove')
  assert.deepEqual(shownEvents((await node.run()).events), [`changed file[${path('b')}]`])
  assert(existsSync(path('a')))
  assert(existsSync(`${ledger}.damaged`))
})

test('a directory that was made stays as long as others keep things in it', async (t) => {
  const { node, path, wants } = await filesIn(t)
  const directory = { ...resource(path('d')), type: 'directory', recipe: 'web', props: {} }
  wants([directory], 'remove')
  await node.run()
  mkdirSync(join(path('d'), 'theirs'))
  wants([], 'remove')
  const { run, events } = await node.run()
  assert.match(shownEvents(events).join(), /^failed remove directory.*Only an empty directory is/)
  assert.deepEqual(run.orphans, [`directory[${path('d')}]`])
})
