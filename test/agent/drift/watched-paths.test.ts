import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { WatchedPaths } from '../../../agent/drift/watched-paths.ts'
import { tempDir } from '../../helpers/converges.ts'
import { until } from '../tiny.ts'

const fewWatches = fileURLToPath(new URL('few-watches.ts', import.meta.url))

async function watching(t: TestContext, make: (dir: string) => void, ...names: string[]) {
  const dir = await tempDir(t)
  make(dir)
  const heard = new Set<string>()
  const watched = new WatchedPaths(
    names.map((name) => join(dir, name)),
    (path) => heard.add(path.slice(dir.length + 1)),
    assert.fail,
  )
  t.after(() => watched.close())
  const hears = async (what: string, change: () => void) => {
    heard.clear()
    change()
    await until(`${what} is heard of`, () => heard.has(what))
  }
  return { dir, hears, watched, heard }
}

test('a file is heard of when it is written, replaced, removed and comes back', async (t) => {
  const { dir, hears } = await watching(t, () => {}, 'a')
  await hears('a', () => writeFileSync(join(dir, 'a'), ''))
  await hears('a', () => {
    writeFileSync(join(dir, 'b'), 'new')
    renameSync(join(dir, 'b'), join(dir, 'a'))
  })
  await hears('a', () => rmSync(join(dir, 'a')))
})

test('a file below folders that are not there is heard of once they come, and again after they were exchanged', async (t) => {
  const { dir, hears } = await watching(t, () => {}, 'x/y/z/a')
  const file = join(dir, 'x/y/z/a')
  await hears('x/y/z/a', () => mkdirSync(join(dir, 'x/y/z'), { recursive: true }))
  await hears('x/y/z/a', () => writeFileSync(file, ''))
  await hears('x/y/z/a', () => renameSync(join(dir, 'x'), join(dir, 'old')))
  await hears('x/y/z/a', () => mkdirSync(join(dir, 'x/y/z'), { recursive: true }))
  await hears('x/y/z/a', () => writeFileSync(file, ''))
  await hears('x/y/z/a', () => rmSync(join(dir, 'x'), { recursive: true }))
})

function makeReleases(dir: string) {
  for (const release of ['r1', 'r2']) mkdirSync(join(dir, release))
  symlinkSync('r1', join(dir, 'current'))
}

test('a file behind a link is heard of, also when the link leads elsewhere by now', async (t) => {
  const { dir, hears } = await watching(t, makeReleases, 'current/a')
  await hears('current/a', () => writeFileSync(join(dir, 'r1/a'), ''))
  await hears('current/a', () => {
    symlinkSync('r2', join(dir, 'next'))
    renameSync(join(dir, 'next'), join(dir, 'current'))
  })
  await hears('current/a', () => writeFileSync(join(dir, 'r2/a'), ''))
})

test('folders that come and go while they are looked at hold nothing up', async (t) => {
  const { dir, hears } = await watching(t, () => {}, 'x/y/a')
  for (let round = 0; round < 50; round++) {
    mkdirSync(join(dir, 'x/y'), { recursive: true })
    await new Promise(setImmediate)
    rmSync(join(dir, 'x'), { recursive: true })
    await new Promise(setImmediate)
  }
  await hears('x/y/a', () => mkdirSync(join(dir, 'x/y'), { recursive: true }))
  await hears('x/y/a', () => writeFileSync(join(dir, 'x/y/a'), ''))
})

for (const limit of ['watches', 'instances']) {
  const noUserNamespace = spawnSync('unshare', ['--user', '--map-root-user', 'true']).status !== 0
  const skip = noUserNamespace && 'limits of its own need a user namespace'
  test(`where the kernel allows too few inotify ${limit}, it is said once, with what to raise`, { skip }, async (t) => {
    const argv = ['--import', 'tsx', fewWatches, await tempDir(t)]
    const lower = `echo ${limit === 'watches' ? 5 : 0} > /proc/sys/user/max_inotify_${limit}; exec "$@"`
    const { stdout, stderr } = spawnSync(
      'unshare',
      ['--user', '--map-root-user', 'sh', '-c', lower, 'sh', process.execPath, ...argv],
      { encoding: 'utf8' },
    )
    const lines = stdout.split('\n').filter(Boolean)
    assert.equal(lines.length, 1, `${stdout}${stderr}`)
    assert.match(lines[0] ?? '', /drift of the rest waits for the next run/)
    assert.match(lines[0] ?? '', new RegExp(`Raise fs\\.inotify\\.max_user_${limit}$`))
  })
}
