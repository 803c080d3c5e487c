import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sha256 } from '../../protocol/catalog.ts'
import { file } from '../../resources/file.ts'
import { assertConverges, FakeHost, shown, tempDir } from '../helpers/converges.ts'

const asRoot = { skip: process.getuid?.() === 0 ? false : 'needs root' }
const octal = (path: string) => (lstatSync(path).mode & 0o7777).toString(8)

async function apply(path: string, props: object, host: FakeHost) {
  const want = file.props.parse(props)
  const changes = await file.check(path, want, host)
  await file.apply(path, want, host, changes)
  return changes
}

test('file creates a missing file with its content and mode, whatever the umask', async (t) => {
  const path = join(await tempDir(t), 'motd')
  const host = new FakeHost()
  const content = host.blob('hello\n')
  const before = process.umask(0o077)
  t.after(() => process.umask(before))

  const changes = await assertConverges(file, path, { content, mode: '0644' }, host, [
    'ensure: absent → present',
    `content: - → ${content.sha256}`,
    'mode: - → 0644',
  ])

  assert.equal(readFileSync(path, 'utf8'), 'hello\n')
  assert.equal(octal(path), '644')
  assert.match(changes[1]?.diff ?? '', /^--- \/dev\/null\n.*\n@@ -0,0 \+1,1 @@\n\+hello\n$/m)
})

test('file gives setuid bits that survive the change of owner', asRoot, async (t) => {
  const path = join(await tempDir(t), 'tool')
  const host = new FakeHost()
  host.accounts.set('daemon', { uid: 1, gid: 1, comment: '', home: '/', shell: '/bin/false' })
  await apply(path, { content: host.blob('x'), mode: '4755', owner: 'daemon' }, host)
  assert.equal(octal(path), '4755')
  assert.equal(statSync(path).uid, 1)

  chmodSync(path, 0o755)
  await assertConverges(file, path, { mode: '4755', owner: 'root' }, host, [
    'mode: 0755 → 4755',
    'owner: daemon → root',
  ])
  assert.equal(octal(path), '4755')
})

test('file shows the change of a text as a diff and keeps what it replaces', async (t) => {
  const path = join(await tempDir(t), 'conf')
  writeFileSync(path, 'a\nb\nc\n')
  const host = new FakeHost()

  const changes = await apply(path, { content: host.blob('a\nB\nc\n') }, host)

  assert.deepEqual(shown(changes), [`content: ${sha256('a\nb\nc\n')} → ${sha256('a\nB\nc\n')}`])
  assert.match(changes[0]?.diff ?? '', /^@@ -1,3 \+1,3 @@\n a\n-b\n\+B\n c$/m)
  assert.equal(host.kept.get(changes[0]?.kept ?? '')?.toString(), 'a\nb\nc\n')
})

test('file says only the sizes of what is binary or long', async (t) => {
  const path = join(await tempDir(t), 'image')
  writeFileSync(path, Buffer.from([1, 0, 2]))
  const host = new FakeHost()
  const binary = await file.check(path, file.props.parse({ content: host.blob('text') }), host)
  assert.equal(binary[0]?.diff, 'binary: 3 bytes → 4 bytes')

  writeFileSync(path, 'x\n'.repeat(100_000))
  const long = await file.check(path, file.props.parse({ content: host.blob('text') }), host)
  assert.equal(long[0]?.diff, 'too long to show: 200000 bytes → 4 bytes')
})

test('file keeps nothing where the recipe wants no backup', async (t) => {
  const path = join(await tempDir(t), 'cache')
  writeFileSync(path, 'old')
  const host = new FakeHost()
  await apply(path, { content: host.blob('new'), backup: false }, host)
  assert.equal(host.kept.size, 0)
})

test('file leaves the content alone when the recipe gives none, and what the recipe does not say', async (t) => {
  const path = join(await tempDir(t), 'motd')
  writeFileSync(path, 'mine', { mode: 0o600 })
  const { ino } = statSync(path)
  await assertConverges(file, path, { mode: '0644' }, new FakeHost(), ['mode: 0600 → 0644'])
  assert.equal(readFileSync(path, 'utf8'), 'mine')
  assert.equal(statSync(path).ino, ino)
})

test('file keeps mode and owner of what it replaces where the recipe gives none', asRoot, async (t) => {
  const path = join(await tempDir(t), 'secret')
  writeFileSync(path, 'old', { mode: 0o600 })
  chownSync(path, 1, 1)
  const host = new FakeHost()
  await apply(path, { content: host.blob('new') }, host)
  assert.equal(octal(path), '600')
  assert.equal(statSync(path).uid, 1)
})

test('file replaces a file in one step: a reader who has the old one open keeps it whole', async (t) => {
  const dir = await tempDir(t)
  const path = join(dir, 'conf')
  writeFileSync(path, 'old')
  const { ino } = statSync(path)
  const host = new FakeHost()
  await apply(path, { content: host.blob('new') }, host)
  assert.notEqual(statSync(path).ino, ino)
  assert.deepEqual(readdirSync(dir), ['conf'])
})

test('file shows an owner who does not exist yet as a difference, and names what is missing when applied', async (t) => {
  const path = join(await tempDir(t), 'zoo.cfg')
  const host = new FakeHost()
  const want = file.props.parse({ content: host.blob('x'), owner: 'zookeeper' })
  const changes = await file.check(path, want, host)
  assert.equal(shown(changes)[2], 'owner: - → zookeeper')
  await assert.rejects(
    async () => file.apply(path, want, host, changes),
    /no user zookeeper on this node. Declare user\[zookeeper\]/,
  )
})

test('file lets verify look at the candidate, in its final mode, before it goes live', async (t) => {
  const dir = await tempDir(t)
  const path = join(dir, 'sudoers.conf')
  writeFileSync(path, 'old')
  const host = new FakeHost()
  let candidate = ''
  host.run = async (argv) => {
    candidate = argv[2] ?? ''
    assert.equal(readFileSync(candidate, 'utf8'), 'new')
    assert.equal(octal(candidate), '440')
    assert.equal(readFileSync(path, 'utf8'), 'old')
    return { exitCode: 0, stdout: '', stderr: '' }
  }
  await apply(path, { content: host.blob('new'), mode: '0440', verify: ['visudo', '-cf', '{}'] }, host)
  assert.match(candidate, /\/\.trivet-[0-9a-f]{16}-sudoers\.conf$/)
  assert.equal(readFileSync(path, 'utf8'), 'new')
})

test('file leaves the old content and nothing else behind when verify refuses the new', async (t) => {
  const dir = await tempDir(t)
  const path = join(dir, 'conf')
  writeFileSync(path, 'old')
  const host = new FakeHost()
  host.run = async () => ({ exitCode: 3, stdout: '', stderr: 'line 7: no such word' })
  await assert.rejects(apply(path, { content: host.blob('new'), verify: ['check', '{}'] }, host), (error: Error) => {
    assert.match(
      error.message,
      /The new content was refused and the old stays\. check .* exited with 3: line 7: no such word/,
    )
    return true
  })
  assert.equal(readFileSync(path, 'utf8'), 'old')
  assert.deepEqual(readdirSync(dir), ['conf'])
})

test('file replaces a link by a file and leaves what it led to alone', async (t) => {
  const dir = await tempDir(t)
  const path = join(dir, 'conf')
  writeFileSync(join(dir, 'elsewhere'), 'precious')
  symlinkSync('elsewhere', path)
  const host = new FakeHost()
  const content = host.blob('new')
  await assertConverges(file, path, { content, mode: '0600' }, host, [
    'type: link to elsewhere → file',
    `content: - → ${content.sha256}`,
    'mode: - → 0600',
  ])
  assert.equal(lstatSync(path).isFile(), true)
  assert.equal(readFileSync(join(dir, 'elsewhere'), 'utf8'), 'precious')
  assert.equal(octal(join(dir, 'elsewhere')), '644')
})

test('file turns a link whose content it does not manage into a file of the same bytes', async (t) => {
  const dir = await tempDir(t)
  writeFileSync(join(dir, 'elsewhere'), 'precious')
  symlinkSync('elsewhere', join(dir, 'conf'))
  await assertConverges(file, join(dir, 'conf'), {}, new FakeHost(), ['type: link to elsewhere → file'])
  assert.equal(readFileSync(join(dir, 'conf'), 'utf8'), 'precious')
})

test('file does not touch a directory or a pipe in its place', async (t) => {
  const dir = await tempDir(t)
  mkdirSync(join(dir, 'sub'))
  execFileSync('mkfifo', [join(dir, 'pipe')])
  const host = new FakeHost()
  await assert.rejects(
    apply(join(dir, 'sub'), { content: host.blob('x') }, host),
    /is a directory, which file\[.*\] does not touch/,
  )
  await assert.rejects(apply(join(dir, 'pipe'), { content: host.blob('x') }, host), /is a pipe, which file/)
  await assert.rejects(apply(join(dir, 'sub'), { ensure: 'absent' }, host), /is a directory/)
})

test('file removes what should be absent, a link too, and keeps the bytes', async (t) => {
  const dir = await tempDir(t)
  writeFileSync(join(dir, 'old'), 'old')
  symlinkSync('old', join(dir, 'link'))
  const host = new FakeHost()
  await assertConverges(file, join(dir, 'link'), { ensure: 'absent' }, host, ['ensure: link → absent'])
  assert.equal(readFileSync(join(dir, 'old'), 'utf8'), 'old')
  const changes = await assertConverges(file, join(dir, 'old'), { ensure: 'absent' }, host, [
    'ensure: present → absent',
  ])
  assert.equal(changes[0]?.kept, sha256('old'))
})

test('file names the missing directory and what to do', async (t) => {
  const path = join(await tempDir(t), 'no', 'motd')
  const host = new FakeHost()
  await assert.rejects(
    apply(path, { content: host.blob('x') }, host),
    /its directory does not exist\. Declare it before the file \(ENOENT, .*\/no\)/,
  )
})

test('file says that a path below a file is missing, rather than failing in a plan', async (t) => {
  const dir = await tempDir(t)
  writeFileSync(join(dir, 'a'), '')
  const changes = await file.check(join(dir, 'a', 'b'), file.props.parse({}), new FakeHost())
  assert.deepEqual(shown(changes), ['ensure: absent → present'])
})

test('file takes away what a killed agent left in its directory, and nothing else', async (t) => {
  const dir = await tempDir(t)
  writeFileSync(join(dir, '.trivet-0123456789abcdef-conf'), 'half')
  writeFileSync(join(dir, '.trivet-0123456789abcdef-other-conf'), 'half of another')
  writeFileSync(join(dir, '.trivet-of-somebody'), 'not ours')
  const host = new FakeHost()
  await apply(join(dir, 'conf'), { content: host.blob('new') }, host)
  assert.deepEqual(readdirSync(dir).toSorted(), ['.trivet-of-somebody', 'conf'])
})

test('file says that the disk is full, leaves the old file whole and no temporary behind', asRoot, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'test-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir])
  t.after(() => {
    execFileSync('umount', [dir])
    rmSync(dir, { recursive: true })
  })
  writeFileSync(join(dir, 'conf'), 'old')
  const host = new FakeHost()
  await assert.rejects(
    apply(join(dir, 'conf'), { content: host.blob('x'.repeat(200_000)) }, host),
    /no space is left on the device\. Free some; the next run tries again \(ENOSPC/,
  )
  assert.equal(readFileSync(join(dir, 'conf'), 'utf8'), 'old')
  assert.deepEqual(readdirSync(dir), ['conf'])
})

test('file hashes files larger than one read', async (t) => {
  const path = join(await tempDir(t), 'large')
  for (const size of [0, 65_535, 65_536, 65_537, 300_000]) {
    const host = new FakeHost()
    const content = host.blob(Buffer.alloc(size, 'trivet'))
    writeFileSync(path, host.readBlob(content))
    assert.deepEqual(await file.check(path, file.props.parse({ content }), host), [], `${size} bytes`)
  }
})

const problem = (props: object) => file.problem?.('/etc/motd', file.props.parse(props), {})

test('file refuses names and props that cannot be meant', () => {
  for (const name of ['motd', '/etc/../motd', '/etc//motd', '/etc/', '/', '-rf', '/etc/a\0b'])
    assert.equal(file.name.safeParse(name).success, false, name)
  for (const mode of ['644', '0888', '0o644']) assert.equal(file.props.safeParse({ mode }).success, false, mode)
  assert.equal(file.props.safeParse({ mod: '0644' }).success, false)
  const host = new FakeHost()
  assert.match(problem({ ensure: 'absent', content: host.blob('x') }) ?? '', /can have no content/)
  assert.match(problem({ content: host.blob('x'), verify: ['true'] }) ?? '', /never looks at the candidate/)
  assert.equal(problem({ content: host.blob('x'), verify: ['check', '--file={}'] }), undefined)
})

test('file replaces a broken link', async (t) => {
  const dir = await tempDir(t)
  symlinkSync('nowhere', join(dir, 'conf'))
  assert.equal(readlinkSync(join(dir, 'conf')), 'nowhere')
  await assertConverges(file, join(dir, 'conf'), {}, new FakeHost(), ['type: link to nowhere → file'])
})

test('file replaces one that has grown to gigabytes by mistake, without reading it', async (t) => {
  const path = join(await tempDir(t), 'grown')
  writeFileSync(path, '')
  truncateSync(path, 3 * 1024 ** 3)
  const host = new FakeHost()
  await assertConverges(file, path, { content: host.blob('small\n') }, host, [
    `content: ${3 * 1024 ** 3} bytes → ${host.blob('small\n').sha256}`,
  ])
  assert.equal(readFileSync(path, 'utf8'), 'small\n')
})

test('the event loop turns while files whose every line differs are compared', async (t) => {
  const dir = await tempDir(t)
  const host = new FakeHost()
  let turns = 0
  const turning = setInterval(() => turns++, 1)
  for (let index = 0; index < 20; index++) {
    writeFileSync(join(dir, `${index}`), lines('old'))
    await file.check(join(dir, `${index}`), file.props.parse({ content: host.blob(lines('new')) }), host)
  }
  clearInterval(turning)
  assert(turns >= 20)
})

function lines(word: string) {
  return Array.from({ length: 2000 }, (_, index) => `${word} ${index}\n`).join('')
}
