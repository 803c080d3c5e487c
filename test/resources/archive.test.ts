import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { sha256 } from '../../protocol/catalog.ts'
import { archive } from '../../resources/archive.ts'
import { assertConverges, FakeHost } from '../helpers/converges.ts'
import { app, apply, scene } from './archive-scene.ts'
import { tarOf, zipOf } from './packing.ts'
import { give } from './give.ts'
import { httpsServer } from './shelf.ts'

test('archive unpacks a tar: modes without setuid or foreign writers, times, links of both kinds, nobody of the archive', async (t) => {
  const bytes = gzipSync(tarOf(app))
  const { dir, path, file } = await scene(t, 'app.tar.gz', bytes)
  await assertConverges(archive, path, { file, strip: 1 }, new FakeHost(), [
    'ensure: absent → present',
    `archive: - → ${sha256(bytes)}`,
    'strip: - → 1',
  ])
  assert.deepEqual(readdirSync(path).toSorted(), ['.trivet-archive', 'again', 'bin', 'current', 'readme'])
  assert.equal(statSync(join(path, 'bin/run')).mode & 0o7777, 0o755)
  assert.equal(statSync(path).mode & 0o7777, 0o755)
  const readme = statSync(join(path, 'readme'))
  assert.deepEqual([readme.mode & 0o7777, readme.uid, readme.nlink], [0o640, process.getuid?.(), 2])
  assert.equal(readme.mtime.toISOString(), '2024-05-06T07:08:10.000Z')
  assert.equal(readlinkSync(join(path, 'current')), 'bin/../bin/run')
  assert.deepEqual(readdirSync(dir), ['app'], 'something was left beside')
})

test('archive unpacks a zip, with its links', async (t) => {
  const bytes = zipOf([
    { path: 'app/', type: 'Directory', mode: 0o755 },
    { path: 'app/run', text: 'run', mode: 0o755 },
    { path: 'app/link', type: 'SymbolicLink', to: 'run', mode: 0o777 },
  ])
  const { path, file } = await scene(t, 'app.zip', bytes)
  await apply(path, { file })
  assert.equal(readFileSync(join(path, 'app/link'), 'utf8'), 'run')
  assert.equal(statSync(join(path, 'app/run')).mode & 0o7777, 0o755)
})

for (const [program, suffix] of [
  ['xz', 'xz'],
  ['bzip2', 'bz2'],
  ['zstd', 'zst'],
] as const) {
  test(
    `archive has ${program} unpack what Node.js cannot, no further than its bounds`,
    { skip: missing(program) },
    async (t) => {
      const { path, file } = await scene(t, 'app.tar', tarOf([{ path: 'zeros', text: Buffer.alloc(20_000_000) }]))
      execFileSync(program, ['-q', file])
      const host = new FakeHost()
      host.run = async (argv) => really(argv)
      const props = { file: `${file}.${suffix}`, mostRatio: 100_000_000 }
      await assert.rejects(apply(path, { ...props, mostBytes: 1_000_000 }, host), /unpacks to more than 1000000 bytes/)
      assert.equal(existsSync(path), false)
      await apply(path, props, host)
      assert.equal(statSync(join(path, 'zeros')).size, 20_000_000)
    },
  )
}

function missing(program: string) {
  const found = (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)))
  return found ? false : `${program} is not installed`
}

function really([program = '', ...args]: string[]) {
  try {
    return { exitCode: 0, stdout: execFileSync(program, args, { stdio: 'pipe' }).toString(), stderr: '' }
  } catch (error) {
    assert(error instanceof Error && 'status' in error && 'stderr' in error)
    return { exitCode: Number(error.status ?? 153), stdout: '', stderr: String(error.stderr) }
  }
}

test('archive says which package has the program that is missing', async (t) => {
  const { path, file } = await scene(t, 'app.tar.xz', Buffer.from('x'))
  const host = new FakeHost()
  host.run = async () => ({
    exitCode: 127,
    stdout: '',
    stderr: 'prlimit: failed to execute xz: No such file or directory',
  })
  await assert.rejects(apply(path, { file }, host), /xz is not there: declare pkg\[xz-utils\] before\./)
})

test('archive is replaced as a whole by another one, and unpacked anew when it is asked for otherwise', async (t) => {
  const { dir, path, file } = await scene(t, 'app.tar', tarOf(app))
  await apply(path, { file })
  writeFileSync(join(path, 'left behind'), '')
  const next = tarOf([{ path: 'app-2/readme', text: 'read me too' }])
  writeFileSync(file, next)
  await assertConverges(archive, path, { file }, new FakeHost(), [`archive: ${sha256(tarOf(app))} → ${sha256(next)}`])
  assert.deepEqual(readdirSync(path).toSorted(), ['.trivet-archive', 'app-2'])
  await assertConverges(archive, path, { file, strip: 1 }, new FakeHost(), ['strip: 0 → 1'])
  assert.equal(readFileSync(join(path, 'readme'), 'utf8'), 'read me too')

  rmSync(file)
  assert.deepEqual(await archive.check(path, archive.props.parse({ file, strip: 1 }), new FakeHost()), [])
  await assertConverges(archive, path, { ensure: 'absent' }, new FakeHost(), ['ensure: present → absent'])
  assert.deepEqual(readdirSync(dir), [])
  await assert.rejects(apply(path, { file }), /The archive .*app\.tar is not there\. Declare what brings it/)
  symlinkSync('elsewhere', file)
  await assert.rejects(
    apply(path, { file }),
    /The archive .*app\.tar is a link, not a file\. Name what is to be unpacked/,
  )
})

test('archive touches no directory that it did not make, unless forced', async (t) => {
  const { path, file } = await scene(t, 'app.tar', tarOf(app))
  mkdirSync(path, { mode: 0o750 })
  writeFileSync(join(path, 'data'), 'precious')
  for (const ensure of ['present', 'absent'] as const)
    await assert.rejects(apply(path, { file, ensure }), /has things in it that no archive brought/)
  assert.equal(readFileSync(join(path, 'data'), 'utf8'), 'precious')
  await apply(path, { file, force: true })
  assert.deepEqual(readdirSync(path).toSorted(), ['.trivet-archive', 'app-1'])
  assert.equal(statSync(path).mode & 0o777, 0o750, 'the mode that somebody else manages is kept')
  rmSync(path, { recursive: true })
  mkdirSync(path)
  await apply(path, { file })
  rmSync(path, { recursive: true })
  writeFileSync(path, '')
  await assert.rejects(apply(path, { file, force: true }), /is a file, which archive\[.*\] does not touch/)
})

test('archive keeps what was there when a new one is refused', async (t) => {
  const { dir, path, file } = await scene(t, 'app.tar', tarOf(app))
  await apply(path, { file, strip: 1 })
  writeFileSync(file, tarOf([{ path: '../x' }]))
  await assert.rejects(
    apply(path, { file, strip: 1 }),
    /was not unpacked, and nothing was put in place\. It has "\.\.\/x"/,
  )
  assert.equal(readFileSync(join(path, 'readme'), 'utf8'), 'read me')
  assert.deepEqual(readdirSync(dir), ['app'])
})

function openBelow(dir: string) {
  return readdirSync('/proc/self/fd')
    .map((fd) => join('/proc/self/fd', fd))
    .flatMap((fd) => (existsSync(fd) ? [readlinkSync(fd)] : []))
    .filter((path) => path.startsWith(dir))
}

test('archive bounds bytes, entries and ratio', async (t) => {
  const zeros = gzipSync(tarOf([{ path: 'zeros', text: Buffer.alloc(20_000_000) }]))
  const { dir, path, file } = await scene(t, 'app.tgz', zeros)
  await assert.rejects(apply(path, { file, mostBytes: 1_000_000 }), /more than 1000000 bytes.*raise `mostBytes`/)
  await assert.rejects(apply(path, { file }), /more than 16777216 bytes.*raise `mostRatio`/)
  assert.deepEqual(openBelow(dir), [], 'a file was left open')
  await apply(path, { file, mostRatio: 2000 })
  const many = await scene(t, 'app.tar', tarOf(['a', 'b', 'c'].map((name) => ({ path: name }))))
  await assert.rejects(
    apply(many.path, { file: many.file, mostEntries: 2 }),
    /more than 2 entries.*raise `mostEntries`/,
  )
  const zip = await scene(t, 'app.zip', zipOf([{ path: 'a', text: 'x'.repeat(100) }]))
  await assert.rejects(apply(zip.path, { file: zip.file, mostBytes: 99 }), /more than 99 bytes/)
  assert.deepEqual([...readdirSync(dir), ...readdirSync(many.dir), ...readdirSync(zip.dir)], ['app'])
})

test('archive refuses what is cut off, damaged, or of another format', async (t) => {
  const whole = tarOf([{ path: 'a', text: 'x'.repeat(5000) }])
  const { dir, path, file } = await scene(t, 'app.tar', whole.subarray(0, 3000))
  await assert.rejects(apply(path, { file }), /TAR_BAD_ARCHIVE: Truncated input/)
  const damaged = Buffer.from(whole)
  damaged[3] = 7
  writeFileSync(file, damaged)
  await assert.rejects(apply(path, { file }), /checksum failure/)
  writeFileSync(file, gzipSync(whole))
  await assert.rejects(apply(path, { file }), /compressed otherwise than its format says/)
  await apply(path, { file, format: 'tar.gz' })
  assert.deepEqual(readdirSync(dir), ['app'])
  rmSync(path, { recursive: true })
  await assert.rejects(apply(path, { file, format: 'zip' }), /end of central directory/i)
  await assert.rejects(apply(path, { file, sha256: sha256('') }), /has the SHA-256 .*; it was not unpacked/)
  assert.deepEqual(readdirSync(dir), [])
})

test('archive fetches by hash, goes on after a break, and leaves nothing beside', async (t) => {
  const bytes = gzipSync(tarOf([...app, { path: 'app-1/large', text: randomBytes(300_000) }]))
  const { dir, path } = await scene(t, 'none', bytes)
  const { url, ca } = await httpsServer(t, (request, response) => give(request, response, bytes, 120_000))
  const props = { url: `${url}/app.tar.gz?version=1`, sha256: sha256(bytes), ca, strip: 1 }
  await assertConverges(archive, path, props, new FakeHost(), [
    'ensure: absent → present',
    `archive: - → ${sha256(bytes)}`,
    'strip: - → 1',
  ])
  assert.equal(readFileSync(join(path, 'readme'), 'utf8'), 'read me')
  assert.deepEqual(readdirSync(dir), ['app'])
})

test('archive takes away what a killed agent left, and no link of a marker leads it astray', async (t) => {
  const { dir, path, file } = await scene(t, 'app.tar', tarOf(app))
  mkdirSync(join(dir, `.trivet-unpacking-app-${'0'.repeat(16)}/made`), { recursive: true })
  await apply(path, { file })
  assert.deepEqual(readdirSync(dir), ['app'])
  rmSync(join(path, '.trivet-archive'))
  execFileSync('mkfifo', [join(path, '.trivet-archive')])
  const [change] = await archive.check(path, archive.props.parse({ file }), new FakeHost())
  assert.equal(change?.from, null)
  assert(lstatSync(join(path, '.trivet-archive')).isFIFO())
})

function problem(props: object) {
  return archive.problem?.('/a', archive.props.parse(props), {})
}

test('archive brings back what a killed agent had taken aside, before it is known whether the new one can be had', async (t) => {
  const { dir, path, file } = await scene(t, 'app.tar', tarOf(app))
  await apply(path, { file, strip: 1 })
  const aside = join(dir, `.trivet-unpacking-app-${'0'.repeat(16)}`)
  mkdirSync(aside)
  renameSync(path, join(aside, 'replaced'))
  writeFileSync(file, 'no archive')
  await assert.rejects(apply(path, { file, strip: 1 }))
  assert.equal(readFileSync(join(path, 'readme'), 'utf8'), 'read me')
  assert.deepEqual(readdirSync(dir), ['app'])
})

test('archive wants one source, a hash for what is fetched, and a format that can be told', () => {
  assert.match(problem({}) ?? '', /needs either a file or a url/)
  assert.match(problem({ url: 'https://a.example/a.zip' }) ?? '', /needs the sha256/)
  assert.match(problem({ url: 'http://a.example/a.zip', sha256: sha256('') }) ?? '', /by http:/)
  assert.match(problem({ file: '/a.rar' }) ?? '', /cannot tell the format by the name/)
  assert.equal(problem({ file: '/a.rar', format: 'zip' }), undefined)
  assert.equal(problem({ url: 'https://a.example/a.tgz?x=1', sha256: sha256('') }), undefined)
  assert.equal(problem({ ensure: 'absent' }), undefined)
})
