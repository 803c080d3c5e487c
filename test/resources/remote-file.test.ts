import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { sha256 } from '../../protocol/catalog.ts'
import { remoteFile } from '../../resources/remote-file.ts'
import { assertConverges, FakeHost, tempDir } from '../helpers/converges.ts'
import { give } from './give.ts'
import { type Handler, httpsServer } from './shelf.ts'

const large = randomBytes(300_000)

async function apply(path: string, props: object, host = new FakeHost()) {
  const want = remoteFile.props.parse(props)
  const changes = await remoteFile.check(path, want, host)
  await remoteFile.apply(path, want, host, changes)
  return changes
}

/** A server, and where a file of it is to lie. `asked`: the Range of each request. */
async function scene(t: TestContext, handler: Handler) {
  const dir = await tempDir(t)
  const asked: (string | undefined)[] = []
  const { url, ca } = await httpsServer(t, (request, response) => {
    asked.push(request.headers.range)
    handler(request, response)
  })
  return { dir, path: join(dir, 'tool'), asked, props: { url: `${url}/tool`, sha256: sha256(large), ca } }
}

/** Where a later run looks for what came. */
function candidateOf(path: string, hash = sha256(large)) {
  return path.replace(/[^/]+$/, (name) => `.trivet-partial-${hash.slice(0, 16)}-${name}`)
}

test('remote_file fetches a file, with its mode, and replaces it when the hash is another', async (t) => {
  const versions: Record<string, string> = { '/v1': 'one', '/v2': 'two' }
  const { path, props } = await scene(t, ({ url = '' }, response) => response.end(versions[url]))
  const { ca } = props
  const base = props.url.replace('/tool', '')
  const host = new FakeHost()
  await assertConverges(remoteFile, path, { url: `${base}/v1`, sha256: sha256('one'), ca, mode: '0750' }, host, [
    'ensure: absent → present',
    `content: - → ${sha256('one')}`,
    'mode: - → 0750',
  ])
  assert.equal(readFileSync(path, 'utf8'), 'one')
  assert.equal(statSync(path).mode & 0o7777, 0o750)

  const two = { url: `${base}/v2`, sha256: sha256('two'), ca }
  const [content] = await assertConverges(remoteFile, path, two, host, [`content: ${sha256('one')} → ${sha256('two')}`])
  assert.equal(readFileSync(path, 'utf8'), 'two')
  assert.equal(statSync(path).mode & 0o7777, 0o750)
  assert.equal(host.kept.get(content?.kept ?? '')?.toString(), 'one')
})

test('remote_file asks nobody for a file that has the hash already', async (t) => {
  const { path, props, asked } = await scene(t, (_request, response) => response.end())
  writeFileSync(path, large)
  await assertConverges(remoteFile, path, { ...props, mode: '0600' }, new FakeHost(), ['mode: 0644 → 0600'])
  await assertConverges(remoteFile, path, { ...props, ensure: 'absent' }, new FakeHost(), ['ensure: present → absent'])
  assert.equal(existsSync(path), false)
  assert.deepEqual(asked, [])
})

test('remote_file replaces a link and leaves what it leads to; it does not touch a directory', async (t) => {
  const { dir, path, props } = await scene(t, (request, response) => give(request, response, large))
  writeFileSync(join(dir, 'other'), 'precious')
  symlinkSync('other', path)
  await apply(path, props)
  assert.deepEqual(readFileSync(path), large)
  assert.equal(readFileSync(join(dir, 'other'), 'utf8'), 'precious')
  mkdirSync(join(dir, 'full'))
  await assert.rejects(apply(join(dir, 'full'), props), /is a directory, which remote_file\[.*\] does not touch/)
})

test('remote_file asks for the rest after each break', async (t) => {
  const { dir, path, props, asked } = await scene(t, (request, response) => give(request, response, large, 120_000))
  await apply(path, { ...props, tries: 2 })
  assert.deepEqual(readFileSync(path), large)
  const starts = asked.map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0))
  assert.equal(starts[0], 0)
  assert(
    starts.length > 2 && starts.every((start, index) => index === 0 || start > (starts[index - 1] ?? 0)),
    String(asked),
  )
  assert.deepEqual(readdirSync(dir), ['tool'])
})

test('remote_file goes on in the next run where this one gave up', async (t) => {
  let cut = 100_000
  const { path, props, asked } = await scene(t, (request, response) => {
    give(request, response, large, cut)
    if (cut < Infinity) cut = 0
  })
  await assert.rejects(
    apply(path, { ...props, tries: 2 }),
    /\/tool was not fetched whole: .*What came is kept; the next run asks for the rest\.$/,
  )
  assert.equal(existsSync(path), false)
  const { mode, size } = statSync(candidateOf(path))
  assert.equal(mode & 0o777, 0o600)
  assert(size > 0)
  asked.length = 0
  cut = Infinity
  await apply(path, props)
  assert.deepEqual(readFileSync(path), large)
  assert.deepEqual(asked, [`bytes=${size}-`])
})

test('remote_file takes what was whole already when only the rename was missing', async (t) => {
  const { path, props, asked } = await scene(t, (request, response) => give(request, response, large))
  writeFileSync(candidateOf(path), large, { mode: 0o600 })
  await apply(path, props)
  assert.deepEqual(readFileSync(path), large)
  assert.deepEqual(asked, ['bytes=300000-'])
})

test('remote_file starts anew where the server knows no ranges, or a piece was of another version', async (t) => {
  const knowsNone = await scene(t, (request, response) => {
    delete request.headers.range
    give(request, response, large)
  })
  writeFileSync(candidateOf(knowsNone.path), large.subarray(0, 1000), { mode: 0o600 })
  await apply(knowsNone.path, knowsNone.props)
  assert.deepEqual(readFileSync(knowsNone.path), large)

  const other = await scene(t, (request, response) => give(request, response, large))
  writeFileSync(candidateOf(other.path), 'of an older version', { mode: 0o600 })
  await apply(other.path, other.props)
  assert.deepEqual(readFileSync(other.path), large)
  assert.deepEqual(other.asked, ['bytes=19-', undefined])
})

test('remote_file goes on with nothing that others may have put there', async (t) => {
  const { dir, path, props, asked } = await scene(t, (request, response) => give(request, response, large))
  const victim = join(dir, 'victim')
  const candidate = candidateOf(path)
  writeFileSync(victim, 'precious', { mode: 0o600 })
  for (const plant of [
    () => symlinkSync(victim, candidate),
    () => linkSync(victim, candidate),
    () => {
      writeFileSync(candidate, 'theirs')
      chmodSync(candidate, 0o666)
    },
  ]) {
    plant()
    await apply(path, props)
    assert.deepEqual(readFileSync(path), large)
    writeFileSync(path, 'drifted')
  }
  assert.equal(readFileSync(victim, 'utf8'), 'precious')
  assert.deepEqual(asked, [undefined, undefined, undefined])
})

test('remote_file puts nothing in place that has another hash, and leaves nothing of it', async (t) => {
  const { dir, path, props, asked } = await scene(t, (_request, response) => response.end('tampered with'))
  writeFileSync(path, 'old')
  const message = new RegExp(`/tool has the SHA-256 ${sha256('tampered with')}, not ${sha256(large)}; it was not put`)
  await assert.rejects(apply(path, props), message)
  assert.equal(readFileSync(path, 'utf8'), 'old')
  assert.deepEqual(readdirSync(dir), ['tool'])
  assert.equal(asked.length, 1)
})

test('remote_file cuts off a server that sends too much, whether it says so or not', async (t) => {
  const { dir, path, props } = await scene(t, (request, response) => give(request, response, large))
  await assert.rejects(apply(path, { ...props, mostBytes: 1000 }), /has more than 1000 bytes/)
  const silent = await scene(t, (_request, response) => {
    const more = () => response.write(large, (error) => error ?? more())
    more()
  })
  await assert.rejects(apply(silent.path, { ...silent.props, mostBytes: 400_000 }), /has more than 400000 bytes/)
  assert.deepEqual([...readdirSync(dir), ...readdirSync(silent.dir)], [])
})

test('remote_file tries again where the server is in trouble, and not where the file is not', async (t) => {
  let answers = [503, 429, 200]
  const { path, props, asked } = await scene(t, (_request, response) => {
    response.statusCode = answers.shift() ?? 500
    response.end(large)
  })
  await apply(path, props)
  assert.equal(asked.length, 3)
  answers = [404]
  await assert.rejects(
    apply(`${path}2`, props),
    /^Error: https:\/\/localhost:\d+\/tool answered with 404\. Is that where the file is\?$/,
  )
  assert.equal(asked.length, 4)
})

test('remote_file gives up on a server that dawdles', async (t) => {
  const { path, props } = await scene(t, (_request, response) => response.write('…'))
  await assert.rejects(apply(path, { ...props, withinMs: 200 }), /was not fetched whole: it took too long/)
})

test('remote_file needs its directory, and the authorities that it is told to believe', async (t) => {
  const { dir, path, props } = await scene(t, (request, response) => give(request, response, large))
  await assert.rejects(apply(join(dir, 'none', 'tool'), props), /its directory does not exist\. Declare it/)
  await assert.rejects(apply(path, { ...props, ca: join(dir, 'none.pem') }), /The authorities in .* cannot be read/)
  await assert.rejects(
    apply(path, { ...props, ca: undefined, tries: 1 }),
    /(unable to verify the first certificate|self-signed)[^.]*\. If you believe who signed it, name the authority: `ca`\. Nothing came; the next run tries again\.$/,
  )
  assert.deepEqual(readdirSync(dir), [], 'what is empty is no use to the next run')
})

function problem(url: string, insecure = false) {
  return remoteFile.problem?.('/a', remoteFile.props.parse({ url, sha256: sha256(''), insecure }), {})
}

test('remote_file takes http: from this machine only, and URLs without passwords', () => {
  for (const url of ['https://a.example/b', 'http://localhost/b', 'http://127.3.2.1:80/b', 'http://[::1]/b'])
    assert.equal(problem(url), undefined, url)
  for (const url of ['http://a.example/b', 'http://10.0.0.1/b', 'http://localhost.example/b', 'http://0.0.0.0/'])
    assert.match(problem(url) ?? '', /by http:, which anybody between can read and change/, url)
  assert.equal(problem('http://a.example/b', true), undefined)
  for (const url of ['https://me:secret@a.example/', 'ftp://a.example/b', 'file:///etc/passwd', '/b'])
    assert.equal(remoteFile.props.safeParse({ url, sha256: sha256('') }).success, false, url)
  assert.equal(remoteFile.props.safeParse({ url: 'https://a.example/' }).success, false, 'the hash is left out')
})
