import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { sha256 } from '../../protocol/catalog.ts'
import { directory } from '../../resources/directory.ts'
import { assertConverges, FakeHost, shown, tempDir } from '../helpers/converges.ts'

async function apply(path: string, props: object, host = new FakeHost()) {
  const want = directory.props.parse(props)
  await directory.apply(path, want, host, await directory.check(path, want, host))
}

test('directory makes a missing directory with its mode, whatever the umask', async (t) => {
  const path = join(await tempDir(t), 'data')
  const before = process.umask(0o077)
  t.after(() => process.umask(before))
  await assertConverges(directory, path, { mode: '2775' }, new FakeHost(), [
    'ensure: absent → present',
    'mode: - → 2775',
  ])
  assert.equal(statSync(path).mode & 0o7777, 0o2775)
})

test(
  'directory mends mode and owner of what is there',
  { skip: process.getuid?.() === 0 ? false : 'needs root' },
  async (t) => {
    const path = join(await tempDir(t), 'data')
    mkdirSync(path, { mode: 0o700 })
    const host = new FakeHost()
    host.accounts.set('daemon', { uid: 1, gid: 1, comment: '', home: '/', shell: '/bin/false' })
    host.groupTable.set('daemon', { gid: 1, members: [] })
    await assertConverges(directory, path, { mode: '0750', owner: 'daemon', group: '1' }, host, [
      'mode: 0700 → 0750',
      'owner: root → daemon',
      'group: root → 1',
    ])
    assert.equal(statSync(path).uid, 1)
  },
)

test('directory asks for its parent to be declared', async (t) => {
  const path = join(await tempDir(t), 'a', 'b')
  const changes = await directory.check(path, directory.props.parse({}), new FakeHost())
  assert.deepEqual(shown(changes), ['ensure: absent → present'])
  await assert.rejects(apply(path, {}), /\/a does not exist\. Declare directory\[.*\/a\] before directory\[.*\/a\/b\]/)
})

test('directory removes an empty directory, and a full one only by force', async (t) => {
  const path = join(await tempDir(t), 'old')
  mkdirSync(path)
  writeFileSync(join(path, 'precious'), '')
  await assert.rejects(apply(path, { ensure: 'absent' }), /Only an empty directory is, unless force is true/)
  assert(existsSync(join(path, 'precious')))
  await assertConverges(directory, path, { ensure: 'absent', force: true }, new FakeHost(), [
    'ensure: present → absent',
  ])
  mkdirSync(path)
  await assertConverges(directory, path, { ensure: 'absent' }, new FakeHost(), ['ensure: present → absent'])
})

test('directory that is no longer wanted goes with its content, but not with what others put there', async (t) => {
  const path = join(await tempDir(t), 'site')
  const host = new FakeHost()
  const want = directory.props.parse({ content: { 'css/deep/a': host.blob('a') } })
  await directory.apply(path, want, host, [])
  writeFileSync(join(path, 'css', 'mine'), '')
  const unwanted = { ...want, ensure: 'absent' as const }
  await assert.rejects(async () => directory.apply(path, unwanted, host, []), /ENOTEMPTY.*Only an empty directory is/)
  assert.deepEqual(readdirSync(path, { recursive: true }).map(String).toSorted(), ['css', 'css/mine'])
  await directory.apply(path, want, host, [])
  rmSync(join(path, 'css', 'mine'))
  await directory.apply(path, unwanted, host, [])
  assert.equal(existsSync(path), false)
})

test('directory does not touch a file or a link in its place', async (t) => {
  const dir = await tempDir(t)
  writeFileSync(join(dir, 'file'), '')
  symlinkSync('/etc', join(dir, 'link'))
  await assert.rejects(apply(join(dir, 'file'), { ensure: 'absent', force: true }), /is a file, which directory/)
  await assert.rejects(apply(join(dir, 'link'), { mode: '0700' }), /is a link, which directory/)
})

test('directory is filled with content, below directories that it makes', async (t) => {
  const path = join(await tempDir(t), 'site')
  const host = new FakeHost()
  const content = { 'index.html': host.blob('hello\n'), 'css/deep/site.css': host.blob('a {}\n') }
  const props = { content, mode: '0750', fileMode: '0640' }
  await assertConverges(directory, path, props, host, [
    'ensure: absent → present',
    'mode: - → 0750',
    'css: absent → directory',
    'css/deep: absent → directory',
    'index.html ensure: absent → present',
    `index.html content: - → ${sha256('hello\n')}`,
    'index.html mode: - → 0640',
    'css/deep/site.css ensure: absent → present',
    `css/deep/site.css content: - → ${sha256('a {}\n')}`,
    'css/deep/site.css mode: - → 0640',
  ])
  assert.equal(readFileSync(join(path, 'css/deep/site.css'), 'utf8'), 'a {}\n')
  assert.equal(statSync(join(path, 'css')).mode & 0o777, 0o750)

  writeFileSync(join(path, 'index.html'), 'defaced\n')
  writeFileSync(join(path, 'mine'), '')
  const [change] = await assertConverges(directory, path, props, host, [
    `index.html content: ${sha256('defaced\n')} → ${sha256('hello\n')}`,
  ])
  assert.match(change?.diff ?? '', /-defaced\n\+hello/)
  assert.equal(host.kept.get(change?.kept ?? '')?.toString(), 'defaced\n')
  assert(existsSync(join(path, 'mine')))
})

test('directory purges what no resource manages, and nothing else', async (t) => {
  const path = join(await tempDir(t), 'master')
  for (const folder of ['kept/inner', 'own/inner', 'stray/inner']) mkdirSync(join(path, folder), { recursive: true })
  for (const file of ['quorum', 'quorum~', 'kept/x', 'kept/inner/stray', 'own/inner/x', 'stray/inner/x', 'css'])
    writeFileSync(join(path, file), file)
  symlinkSync('/etc', join(path, 'link'))
  const host = new FakeHost()
  const props = { purge: true, keep: ['quorum', 'kept/x', 'own', 'not-there'], content: { 'css/a': host.blob('') } }
  const changes = await assertConverges(directory, path, props, host, [
    'css: file → absent',
    'kept/inner: directory → absent',
    'link: link → absent',
    'quorum~: file → absent',
    'stray: directory → absent',
    'css: absent → directory',
    'css/a ensure: absent → present',
    `css/a content: - → ${sha256('')}`,
  ])
  assert.equal(host.kept.get(changes.find(({ what }) => what === 'quorum~')?.kept ?? '')?.toString(), 'quorum~')
  const left = ['css', 'css/a', 'kept', 'kept/x', 'own', 'own/inner', 'own/inner/x', 'quorum']
  assert.deepEqual(readdirSync(path, { recursive: true }).map(String).toSorted(), left)
  assert(existsSync('/etc/passwd'))
})

test('directory follows no link on the way to what it is filled with', async (t) => {
  const dir = await tempDir(t)
  for (const folder of ['app', 'victim']) mkdirSync(join(dir, folder))
  symlinkSync('../victim', join(dir, 'app/sub'))
  const host = new FakeHost()
  for (const purge of [false, true]) {
    const want = directory.props.parse({ purge, content: { 'sub/deep/run': host.blob('x') } })
    const changes = await directory.check(join(dir, 'app'), want, host)
    assert.deepEqual(shown(changes), ['sub: link → directory'])
    await assert.rejects(
      async () => directory.apply(join(dir, 'app'), want, host, changes),
      /app\/sub is a link, which is not followed to what belongs below it/,
    )
  }
  assert.deepEqual(readdirSync(join(dir, 'victim')), [])
  mkdirSync(join(dir, 'victim/empty'))
  writeFileSync(join(dir, 'victim/run'), '')
  const content = { 'sub/run': host.blob('x'), 'sub/empty/x': host.blob('x') }
  const gone = directory.props.parse({ ensure: 'absent', content })
  await assert.rejects(async () => directory.apply(join(dir, 'app'), gone, host, []), /cannot be removed/)
  assert.deepEqual(readdirSync(join(dir, 'victim')), ['empty', 'run'])
})

test('directory removes nothing that is only mounted in it', async (t) => {
  const dir = await tempDir(t)
  const host = new FakeHost()
  mkdirSync(join(dir, 'real/stray/disk one'), { recursive: true })
  writeFileSync(join(dir, 'real/stray/disk one/data'), '')
  mkdirSync(join(dir, 'real/stray of ours'))
  symlinkSync('real', join(dir, 'link'))
  host.files = { ...host.files, read: () => Buffer.from(mountLine('/') + mountLine(`${dir}/real/stray/disk\\040one`)) }
  const want = directory.props.parse({ purge: true })
  const changes = await directory.check(join(dir, 'link/stray'), want, host)
  await assert.rejects(
    async () => directory.apply(join(dir, 'link/stray'), want, host, changes),
    new RegExp(
      `Something is mounted at ${dir}/real/stray/disk one, which is not removed with ${dir}/link/stray/disk one`,
    ),
  )
  const gone = directory.props.parse({ ensure: 'absent', force: true })
  await assert.rejects(
    async () => directory.apply(join(dir, 'real'), gone, host, []),
    /Unmount it first, or leave it where it is/,
  )
  assert(existsSync(join(dir, 'real/stray/disk one/data')))
  await directory.apply(join(dir, 'real/stray of ours'), gone, host, [])
  assert.equal(existsSync(join(dir, 'real/stray of ours')), false)
})

test('directory passes its access on to all in it, but not to links and what others manage', async (t) => {
  const path = join(await tempDir(t), 'data')
  mkdirSync(join(path, 'sub'), { recursive: true, mode: 0o755 })
  for (const file of ['a', 'sub/b', 'kept']) writeFileSync(join(path, file), '', { mode: 0o644 })
  symlinkSync('a', join(path, 'link'))
  const props = { mode: '0700', fileMode: '0600', recurse: true, keep: ['kept'] }
  await assertConverges(directory, path, props, new FakeHost(), [
    'mode: 0755 → 0700',
    'a mode: 0644 → 0600',
    'sub mode: 0755 → 0700',
    'sub/b mode: 0644 → 0600',
  ])
  assert.equal(statSync(join(path, 'kept')).mode & 0o777, 0o644)
})

test('directory learns what others manage in it where it must leave that alone', () => {
  const managed = ['/etc/m/quorum', '/etc/m/sub/x', '/etc/m', '/etc/mine/y', '/etc/m/quorum']
  const want = directory.props.parse({ purge: true, keep: ['zk'] })
  assert.deepEqual(directory.among?.('/etc/m', want, managed).keep, ['quorum', 'sub/x', 'zk'])
  const plain = directory.props.parse({})
  assert.equal(directory.among?.('/etc/m', plain, managed), plain)
})

test('directory takes paths within it, and nothing to put in where it is to be absent', () => {
  const blob = new FakeHost().blob('')
  for (const path of ['/a', '../a', 'a/../../b', './a', 'a/', 'a//b', '', '.', '..', 'a\0'])
    assert.equal(directory.props.safeParse({ content: { [path]: blob } }).success, false, path)
  for (const path of ['a', '.a', '..a', 'a/b.c'])
    assert.equal(directory.props.safeParse({ content: { [path]: blob } }).success, true, path)
  for (const props of [{ purge: true }, { recurse: true }, { content: { a: blob } }])
    assert.match(
      directory.problem?.('/a', directory.props.parse({ ensure: 'absent', ...props }), {}) ?? '',
      /is to be absent, so nothing can be said of what is in it/,
    )
})

function mountLine(at: string) {
  return `36 35 8:1 / ${at} rw,noatime - ext4 /dev/sda1 rw\n`
}
