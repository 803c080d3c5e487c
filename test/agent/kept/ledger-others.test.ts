import assert from 'node:assert/strict'
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { blobsIn } from '../../../agent/kept/blobs.ts'
import { type CatalogResource, type Cleanup, sha256 } from '../../../protocol/catalog.ts'
import { resourceTypes } from '../../../resources/index.ts'
import { tempDir } from '../../helpers/converges.ts'
import { nodeIn, resource, shownEvents, World } from '../tiny.ts'

/** A node with the real types, whose recipes say what becomes of what they no longer declare. */
async function nodeOf(t: TestContext) {
  const dir = await tempDir(t)
  const world = new World()
  Object.assign(world.types, resourceTypes)
  const node = nodeIn(join(dir, 'state'), world)
  const blobs = blobsIn(join(dir, 'state', 'blobs'))
  const path = (name: string) => join(dir, name)
  const declared = (
    type: keyof typeof resourceTypes,
    name: string,
    props: object,
    recipe = 'web',
  ): CatalogResource => ({
    ...resource(path(name)),
    type,
    recipe,
    props: Object(resourceTypes[type].props.parse(props)),
  })
  const file = (name: string, text: string, recipe?: string) => {
    blobs.write(sha256(text), Buffer.from(text))
    return declared('file', name, { content: { sha256: sha256(text), bytes: text.length } }, recipe)
  }
  /** One run of a catalog with just these. */
  const converge = async (cleanup: Record<string, Cleanup>, ...resources: CatalogResource[]) => {
    const policies = Object.fromEntries(Object.entries(cleanup).map(([recipe, how]) => [recipe, { cleanup: how }]))
    node.catalog = { node: 'n1', resources, policies }
    return node.run()
  }
  return { node, path, declared, file, converge, read: (name: string) => readFileSync(path(name), 'utf8') }
}

for (const cleanup of ['remove', 'restore'] as const) {
  test(`what somebody else wrote in the place of what was made stays: ${cleanup}`, async (t) => {
    const { path, file, converge, read } = await nodeOf(t)
    writeFileSync(path('was-there'), 'of before')
    await converge({ web: cleanup }, file('made', 'ours'), file('was-there', 'ours'))
    writeFileSync(path('made'), 'theirs')
    rmSync(path('was-there'))
    writeFileSync(path('was-there'), 'theirs too')
    const { run, events } = await converge({ web: cleanup })
    assert.deepEqual([read('made'), read('was-there')], ['theirs', 'theirs too'])
    assert.deepEqual(run.orphans?.toSorted(), [`file[${path('made')}]`, `file[${path('was-there')}]`])
    assert.match(shownEvents(events).join(), /skipped remove file.*made\]: somebody has changed it since/)
    assert.equal(run.outcome, 'unchanged')
  })
}

test('what is again as it was before is nothing to restore, and no longer ours', async (t) => {
  const { path, file, converge, read } = await nodeOf(t)
  writeFileSync(path('a'), 'of before')
  await converge({ web: 'restore' }, file('a', 'ours'))
  writeFileSync(path('a'), 'of before')
  const { run, events } = await converge({ web: 'restore' })
  assert.deepEqual([read('a'), run.orphans, events], ['of before', undefined, []])
})

test('what was made and may be read by others since is still ours', async (t) => {
  const { path, file, converge } = await nodeOf(t)
  await converge({ web: 'remove' }, { ...file('made', 'ours'), props: { ...file('made', 'ours').props, mode: '0600' } })
  lstatSync(path('made'))
  await converge({ web: 'remove' })
  assert.equal(existsSync(path('made')), false)
})

test('a link that somebody has replaced by a file or another link stays', async (t) => {
  const { path, declared, converge, read } = await nodeOf(t)
  await converge(
    { web: 'remove' },
    declared('link', 'a', { target: 'ours', force: true }),
    declared('link', 'b', { target: 'ours' }),
  )
  for (const name of ['a', 'b']) rmSync(path(name))
  writeFileSync(path('a'), 'theirs')
  symlinkSync('theirs', path('b'))
  await converge({ web: 'remove' })
  assert.deepEqual([read('a'), lstatSync(path('b')).isSymbolicLink()], ['theirs', true])
})

test('a directory goes only when it is empty, whatever the recipe forces', async (t) => {
  const { path, declared, converge } = await nodeOf(t)
  const forced = declared('directory', 'd', { force: true })
  await converge({ web: 'remove' }, forced)
  mkdirSync(path('d/theirs'))
  const { events } = await converge({ web: 'remove' })
  assert.ok(existsSync(path('d/theirs')))
  assert.match(shownEvents(events).join(), /Only an empty directory is/)
  rmSync(path('d/theirs'), { recursive: true })
  await converge({ web: 'remove' })
  assert.equal(existsSync(path('d')), false)
})

test('the last recipe that declared it decides, by what it said last', async (t) => {
  const { path, file, converge } = await nodeOf(t)
  await converge({ web: 'remove' }, file('renamed', 'ours'), file('said', 'ours'), file('later', 'ours', 'site'))
  await converge(
    { web: 'keep', site: 'remove' },
    file('renamed', 'ours', 'site'),
    file('said', 'ours'),
    file('later', 'ours', 'site'),
  )
  await converge({ web: 'keep', site: 'keep' }, file('renamed', 'ours', 'site'), file('said', 'ours'))
  await converge({})
  assert.deepEqual(
    ['renamed', 'said', 'later'].map((name) => existsSync(path(name))),
    [true, true, true],
  )
})

test('what a recipe came to remove only after it was made is removed', async (t) => {
  const { path, file, converge } = await nodeOf(t)
  await converge({}, file('a', 'ours'))
  await converge({ web: 'remove' }, file('a', 'ours'))
  await converge({})
  assert.equal(existsSync(path('a')), false)
})

test('what a resource of another type is from now on is not cleaned up as what it was', async (t) => {
  const { path, declared, file, converge, read } = await nodeOf(t)
  const line = { ...declared('line', 'a', { line: 'ours' }), name: `${path('a')}#ours` }
  await converge({ web: 'remove' }, file('a', 'ours\n'), file('b', 'ours'))
  const { run } = await converge({ web: 'remove' }, line, declared('link', 'b', { target: 'c', force: true }))
  assert.equal(read('a'), 'ours\n')
  assert.ok(lstatSync(path('b')).isSymbolicLink())
  assert.equal(run.orphans, undefined)
  assert.equal((await converge({ web: 'remove' }, line, file('b', 'ours'))).run.outcome, 'changed')
  assert.equal((await converge({ web: 'remove' }, line, file('b', 'ours'))).run.outcome, 'unchanged')
})

test('a part of a file stays in it when it is declared by another name, or with the whole file', async (t) => {
  const { path, declared, file, converge, read } = await nodeOf(t)
  const line = (part: string) => ({ ...declared('line', 'a', { line: 'ours' }), name: `${path('a')}#${part}` })
  writeFileSync(path('a'), 'theirs\n')
  await converge({ web: 'remove' }, line('one'))
  const renamed = await converge({ web: 'remove' }, line('two'))
  assert.deepEqual([read('a'), renamed.run.orphans], ['theirs\nours\n', undefined])
  await converge({ web: 'remove' }, line('two'), line('three'))
  await converge({ web: 'remove' }, file('a', 'theirs\nours\n'))
  assert.equal(read('a'), 'theirs\nours\n')
})
