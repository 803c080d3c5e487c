import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Journal } from '../../../agent/kept/journal.ts'
import { resourceTypes } from '../../../resources/index.ts'
import { tempDir } from '../../helpers/converges.ts'
import { nodeIn, World } from '../tiny.ts'

/** A node whose agent has died while it made `archive[app]`, with the workshop of that still there. */
async function diedUnpacking(t: TestContext) {
  const dir = await tempDir(t)
  const place = await tempDir(t)
  const world = new World()
  Object.assign(world.types, resourceTypes)
  const node = nodeIn(join(dir, 'state'), world)
  const path = join(place, 'app')
  const workshop = join(place, '.trivet-unpacking-app-0123456789abcdef')
  mkdirSync(join(workshop, 'made'), { recursive: true })
  const journal = new Journal(node.journalPath)
  const id = randomUUID()
  journal.begin({ id, mode: 'converge', trigger: 'manual', orders: [], catalog: null, startedAt: 1 })
  const props = resourceTypes.archive.props.parse({ file: join(dir, 'app.tar') })
  const making = { type: 'archive', name: path, props, how: 'changed', recipe: 'main', cleanup: 'keep' } as const
  journal.making(`archive[${path}]`, making)
  return { node, place, path, workshop }
}

test('what an archive had taken aside when the agent died comes back, though no catalog names the archive any more', async (t) => {
  const { node, place, path, workshop } = await diedUnpacking(t)
  mkdirSync(join(workshop, 'replaced'))
  writeFileSync(join(workshop, 'replaced', 'readme'), 'read me')
  await node.runs()
  assert.equal(readFileSync(join(path, 'readme'), 'utf8'), 'read me')
  assert.deepEqual(readdirSync(place), ['app'])
})

test('the workshop of an archive that was in its place when the agent died is taken away', async (t) => {
  const { node, path, workshop } = await diedUnpacking(t)
  mkdirSync(path)
  writeFileSync(join(path, 'readme'), 'the new one')
  mkdirSync(join(workshop, 'replaced'))
  await node.runs()
  assert.equal(existsSync(workshop), false)
  assert.deepEqual(readdirSync(path), ['readme'])
})
