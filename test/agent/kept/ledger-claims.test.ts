import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { lstatSync, mkdirSync, readlinkSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Journal } from '../../../agent/kept/journal.ts'
import type { CatalogResource } from '../../../protocol/catalog.ts'
import { resourceTypes } from '../../../resources/index.ts'
import { tempDir } from '../../helpers/converges.ts'
import { nodeIn, resource, World } from '../tiny.ts'

/** A node whose recipe takes away what it made; `link` is the simplest thing that can be made. */
async function linksIn(t: TestContext) {
  const dir = await tempDir(t)
  const world = new World()
  Object.assign(world.types, resourceTypes)
  const node = nodeIn(join(dir, 'state'), world)
  const path = (name: string) => join(dir, name)
  const link = (name: string, props: object = { target: 'ours' }): CatalogResource => ({
    ...resource(path(name)),
    type: 'link',
    props: resourceTypes.link.props.parse(props),
  })
  const wants = (...resources: CatalogResource[]) => {
    node.catalog = { node: 'n1', resources, policies: { main: { cleanup: 'remove' } } }
  }
  /** Leaves what an agent does that dies when it is just about to make the link. */
  const died = (name: string) => {
    const journal = new Journal(node.journalPath)
    const id = randomUUID()
    journal.begin({ id, mode: 'converge', trigger: 'manual', orders: [], catalog: null, startedAt: 1 })
    const { type, props } = link(name)
    const making = { type, name: path(name), props, how: 'made', recipe: 'main', cleanup: 'remove' } as const
    journal.making(`link[${path(name)}]`, making)
  }
  return { node, path, link, wants, died }
}

test('what could not be made is not claimed, and stays when somebody else has made it', async (t) => {
  const { node, path, link, wants } = await linksIn(t)
  wants(link('folder/a'))
  assert.equal((await node.run()).run.outcome, 'failed')
  mkdirSync(path('folder'))
  symlinkSync('theirs', path('folder/a'))
  wants()
  await node.run()
  assert.equal(readlinkSync(path('folder/a')), 'theirs')
})

test('what was made and then removed, as the catalog said, is no longer ours: what somebody makes there stays', async (t) => {
  const { node, path, link, wants } = await linksIn(t)
  wants(link('a'))
  await node.run()
  wants(link('a', { ensure: 'absent' }))
  await node.run()
  symlinkSync('theirs', path('a'))
  wants()
  await node.run()
  assert.equal(readlinkSync(path('a')), 'theirs')
})

test('what a run made that was cancelled is known to the next one, also where that wants it no more', async (t) => {
  const { node, path, link, wants } = await linksIn(t)
  wants(link('a'), link('b'))
  const stop = new AbortController()
  const cancelled = await node.run({}, { signal: stop.signal, event: () => stop.abort() })
  assert.match(cancelled.run.error ?? '', /cancelled/)
  assert.deepEqual([existsLink(path('a')), existsLink(path('b'))], [true, false])
  wants()
  await node.run()
  assert.equal(existsLink(path('a')), false)
})

test('what an agent made before it died is known, also after a plan', async (t) => {
  const { node, path, link, wants, died } = await linksIn(t)
  wants(link('a'))
  died('a')
  symlinkSync('ours', path('a'))
  await node.runs({ mode: 'plan' })
  wants()
  await node.run()
  assert.equal(existsLink(path('a')), false)
})

test('what an agent was about to make when it died, and somebody else has made since, is theirs', async (t) => {
  const { node, path, link, wants, died } = await linksIn(t)
  wants(link('a'))
  died('a')
  symlinkSync('theirs', path('a'))
  await node.runs()
  assert.equal(readlinkSync(path('a')), 'ours')
  wants()
  await node.run()
  assert.equal(existsLink(path('a')), true)
})

function existsLink(path: string) {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}
