import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { blobsIn } from '../../../agent/kept/blobs.ts'
import { type CatalogResource, sha256 } from '../../../protocol/catalog.ts'
import { changesOf } from '../../../protocol/events.ts'
import { file } from '../../../resources/file.ts'
import { tempDir } from '../../helpers/converges.ts'
import { nodeIn, resource, shownEvents, World } from '../tiny.ts'

/** A node that wants these files, each to say its own name. */
async function nodeWithFiles(t: TestContext, names: string[], given: Record<string, Partial<CatalogResource>> = {}) {
  const dir = await tempDir(t)
  const files = join(dir, 'files')
  mkdirSync(files)
  const world = new World()
  world.types.file = file
  const resources = names.map((name) => {
    const bytes = Buffer.from(name)
    blobsIn(join(dir, 'blobs')).write(sha256(bytes), bytes)
    const content = { sha256: sha256(bytes), bytes: bytes.length }
    return { ...resource(join(files, name)), type: 'file', props: { content }, ...given[name] }
  })
  return { dir, files, world, node: nodeIn(dir, world, resources), shown: shownIn(files) }
}

const shownIn = (files: string) => (events: Parameters<typeof shownEvents>[0]) =>
  shownEvents(events).map((line) => line.replaceAll(`${files}/`, ''))

const many = Array.from({ length: 150 }, (_, index) => `f${String(index).padStart(3, '0')}`)

test('files that stand side by side are all made, and told in order', async (t) => {
  const { node, files, shown } = await nodeWithFiles(t, many)
  const { run, events } = await node.run()
  assert.deepEqual(
    shown(events),
    many.map((name) => `changed file[${name}]`),
  )
  for (const name of many) assert.equal(readFileSync(join(files, name), 'utf8'), name)
  assert.deepEqual(readdirSync(files), many)
  assert.equal(run.counts.changed, 150)
  assert.equal((await node.run()).run.outcome, 'unchanged')
})

test('a file that fails skips those after it, which are left as they were, and told once', async (t) => {
  const { node, files, shown } = await nodeWithFiles(t, ['a', 'b', 'c', 'd'])
  mkdirSync(join(files, 'b'))
  writeFileSync(join(files, 'c'), 'mine')
  writeFileSync(join(files, 'd'), 'd')
  const { events } = await node.run()
  assert.deepEqual(shown(events), [
    'changed file[a]',
    'failed file[b]: b is a directory, which file[b] does not touch. Remove it, or name another path.',
    'skipped file[c]: file[b] failed before it in recipe main',
    'skipped file[d]: file[b] failed before it in recipe main',
  ])
  assert.equal(readFileSync(join(files, 'c'), 'utf8'), 'mine')
  assert.deepEqual(readdirSync(files), ['a', 'b', 'c', 'd'])
})

test('files of one folder that is named in two ways take nothing from each other', async (t) => {
  const { node, files, shown } = await nodeWithFiles(t, ['real/a', 'linked/b'])
  mkdirSync(join(files, 'real'))
  symlinkSync('real', join(files, 'linked'))
  const left = join(files, 'real', `.trivet-${'0'.repeat(16)}-left`)
  writeFileSync(left, 'by an agent that was killed')
  const { events } = await node.run()
  assert.deepEqual(shown(events), ['changed file[real/a]', 'changed file[linked/b]'])
  assert.deepEqual(readdirSync(join(files, 'real')), ['a', 'b'])
})

test('a file whose failure is ignored lets those after it have their turn', async (t) => {
  const { node, files, shown } = await nodeWithFiles(t, ['a', 'b', 'c', 'd'], { b: { ignoreFailure: true } })
  mkdirSync(join(files, 'b'))
  writeFileSync(join(files, 'd'), 'd')
  const { run, events } = await node.run()
  assert.deepEqual(
    shown(events).map((line) => line.split(':')[0]),
    ['changed file[a]', 'failed file[b]', 'changed file[c]'],
  )
  assert.deepEqual([run.counts.changed, run.counts.unchanged], [2, 1])
  assert.equal(readFileSync(join(files, 'c'), 'utf8'), 'c')
})

test('a file is verified when those before it are in place', async (t) => {
  const { node, files, shown } = await nodeWithFiles(t, ['a', 'b', 'c'])
  const [first, second] = node.catalog?.resources ?? []
  assert(first && second)
  Object.assign(second.props, { verify: ['cmp', first.name, '{}'] })
  const { events } = await node.run()
  assert.match(
    shown(events)[1] ?? '',
    /^failed file\[b\]: The new content was refused and the old stays\. cmp .* differ/,
  )
  assert.deepEqual([existsSync(join(files, 'a')), existsSync(join(files, 'c'))], [true, false])
})

test('what a failed file was to notify is not owed, nor what those that were not tried were', async (t) => {
  const restart = { action: 'restart', target: 'thing[it]' } as const
  const { node, files } = await nodeWithFiles(t, ['a', 'b'], { b: { notifies: [restart] } })
  mkdirSync(join(files, 'a'))
  assert.deepEqual((await node.run()).run.owed, [])
})

test('a run that is cancelled ends after the files under way', async (t) => {
  const { node, files } = await nodeWithFiles(t, many)
  const abort = new AbortController()
  const { run } = await node.run({}, { signal: abort.signal, event: () => abort.abort() })
  assert.equal(run.error, 'the run was cancelled')
  assert.deepEqual([run.counts.changed, run.counts.skipped], [64, 86])
  assert.equal(readdirSync(files).length, 64)
})

test('files that were in place when the agent died are told by the next run, the others made by it', async (t) => {
  const names = ['a', 'b', 'c']
  const { dir, files, world, node } = await nodeWithFiles(t, names)
  const remains = join(await tempDir(t), 'node')
  const third = node.catalog?.resources[2]
  assert(third)
  // It dies when the third file is being made, of which nobody is told but by what lies there then.
  Object.assign(third.props, { verify: ['sh', '-c', `cp -a ${dir} ${remains}; test -f {}`] })
  await node.run()
  rmSync(join(remains, 'lock'))
  rmSync(join(files, 'c'))
  const reborn = nodeIn(remains, world, node.catalog?.resources)
  const [interrupted, report] = await reborn.runs()
  assert(interrupted && report)
  const told = (events: Parameters<typeof shownEvents>[0]) => shownIn(files)(events)
  assert.deepEqual(told(interrupted.events), ['changed file[a]', 'changed file[b]'])
  assert.deepEqual(told(report.events), ['changed file[c]'])
})

test('what is kept in a second attempt is told, also of a file that had no turn in the first', async (t) => {
  const { dir, files, node } = await nodeWithFiles(t, ['a', 'b'], {
    a: { retries: 1, retryDelayMs: 1 },
    b: { retries: 1, retryDelayMs: 1 },
  })
  for (const { name, props } of node.catalog?.resources ?? []) {
    writeFileSync(name, 'old')
    const bytes = Buffer.alloc(3 * 1024 * 1024, name)
    blobsIn(join(dir, 'blobs')).write(sha256(bytes), bytes)
    Object.assign(props, { content: { sha256: sha256(bytes), bytes: bytes.length }, backup: true })
  }
  const [first] = node.catalog?.resources ?? []
  const flag = join(dir, 'once')
  Object.assign(first?.props ?? {}, {
    verify: ['sh', '-c', `test -e ${flag} || { touch ${flag}; exit 1; }; test -f {}`],
  })
  const { events } = await node.run()
  assert.deepEqual(
    events.map((event) => changesOf(event).find(({ what }) => what === 'content')?.kept),
    [sha256('old'), sha256('old')],
  )
  assert.deepEqual(readdirSync(files), ['a', 'b'])
})
