import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { ForeseenHost } from '../../agent/machine/foreseen.ts'
import { sha256 } from '../../protocol/catalog.ts'
import { aptRepository } from '../../resources/apt-repository.ts'
import { assertConverges, FakeHost, shown, tempDir } from '../helpers/converges.ts'
import { layDown, rootedFiles } from '../helpers/rooted-files.ts'

const armoured = '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n'
const flat = { uris: ['https://deb.example.org/tools'], suites: ['./'] }
const sources = '/etc/apt/sources.list.d/tools.sources'
const key = '/etc/apt/keyrings/tools'
const partial = '/var/cache/apt/archives/partial'

/** A machine with apt, which fetches lists and keys unless it is told to fail. */
class AptHost extends FakeHost {
  readonly root: string
  fails: RegExp | undefined
  fetched = Buffer.from(armoured)

  constructor(root: string) {
    super()
    this.root = root
    this.files = rootedFiles(root)
    layDown(root, { '/etc/apt/sources.list.d/.keep': '', [`${partial}/.keep`]: '' })
  }

  override async run(argv: string[], options = {}) {
    const line = argv.join(' ')
    await super.run(argv, options)
    if (this.fails?.test(line)) return { exitCode: 100, stdout: '', stderr: 'E: that does not work' }
    if (argv[1] === 'download-file') writeFileSync(join(this.root, argv[3] ?? ''), this.fetched)
    return { exitCode: 0, stdout: '', stderr: '' }
  }

  text(path: string) {
    return readFileSync(join(this.root, path), 'utf8')
  }

  has(path: string) {
    return existsSync(join(this.root, path))
  }
}

async function hostFor(t: TestContext) {
  return new AptHost(await tempDir(t))
}

async function apply(host: FakeHost, name: string, props: object) {
  const want = aptRepository.props.parse(props)
  await aptRepository.apply(name, want, host, await aptRepository.check(name, want, host))
}

test('apt_repository writes key and sources, once their lists have come', async (t) => {
  const host = await hostFor(t)
  const props = {
    uris: ['https://deb.example.org/debian', 'https://mirror.example.org/debian'],
    suites: ['stable', 'stable-updates'],
    components: ['main'],
    architectures: ['amd64'],
    withSources: true,
    key: host.blob(armoured),
    options: { Languages: 'none' },
  }
  await assertConverges(aptRepository, 'tools', props, host, [
    `key: - → ${sha256(armoured)}`,
    `sources: - → ${sha256(expected)}`,
  ])
  assert.equal(host.text(sources), expected)
  assert.equal(host.text(`${key}.asc`), armoured)
  const [update = '', all] = host.commands
  assert.match(update, /Dir::Etc::SourceList=\S+\/\.trivet-\S+-tools\.sources -o Dir::Etc::SourceParts=- .* update$/)
  assert.equal(all, 'apt-get indextargets')
})

const expected = `Types: deb deb-src
URIs: https://deb.example.org/debian https://mirror.example.org/debian
Suites: stable stable-updates
Components: main
Architectures: amd64
Languages: none
Signed-By: /etc/apt/keyrings/tools.asc
`

test('apt_repository names a bare key as apt wants it, and leaves none of the other kind', async (t) => {
  const host = await hostFor(t)
  await apply(host, 'tools', { ...flat, key: host.blob(armoured) })
  const bare = host.blob(Buffer.from([0x99, 1, 2, 3]))
  await assertConverges(aptRepository, 'tools', { ...flat, key: bare }, host, [
    `key: - → ${bare.sha256}`,
    'old key: /etc/apt/keyrings/tools.asc → absent',
    `sources: ${sha256(textWith('.asc'))} → ${sha256(textWith('.gpg'))}`,
  ])
  assert.deepEqual(readdirSync(join(host.root, '/etc/apt/keyrings')), ['tools.gpg'])
})

function textWith(suffix: string) {
  return `Types: deb\nURIs: https://deb.example.org/tools\nSuites: ./\nSigned-By: /etc/apt/keyrings/tools${suffix}\n`
}

test('apt_repository fetches a key by its hash, and takes no other', async (t) => {
  const host = await hostFor(t)
  const wanted = { ...flat, keyUrl: 'https://deb.example.org/key', keySha256: sha256(armoured) }
  host.fetched = Buffer.from('something else')
  await assert.rejects(apply(host, 'tools', wanted), /has the SHA-256 .* it was not put in place\. Find out why/)
  assert.deepEqual([host.has(sources), host.has(`${key}.asc`), host.has(`${key}.gpg`)], [false, false, false])
  host.fetched = Buffer.from(armoured)
  await apply(host, 'tools', wanted)
  const want = aptRepository.props.parse(wanted)
  assert.deepEqual(await aptRepository.check('tools', want, host), [])
  assert.deepEqual(readdirSync(join(host.root, partial)), ['.keep'], 'the downloaded key was left behind')
})

test('apt_repository changes nothing where lists cannot be fetched, or sources contradict each other', async (t) => {
  const host = await hostFor(t)
  await apply(host, 'tools', { ...flat, key: host.blob(armoured) })
  const other = { ...flat, uris: ['https://deb.example.org/other'], key: host.blob(`${armoured}other\n`) }
  for (const [fails, why] of [
    [/ update$/, /The lists of the repository cannot be fetched, so nothing was changed.*that does not work/],
    [/indextargets/, /that does not work/],
  ] as const) {
    host.fails = fails
    await assert.rejects(apply(host, 'tools', other), why)
    assert.equal(host.text(sources), textWith('.asc'))
    assert.equal(host.text(`${key}.asc`), armoured)
    await assert.rejects(apply(host, 'new', { ...flat, key: host.blob(armoured) }), why)
    assert.deepEqual(readdirSync(join(host.root, '/etc/apt/keyrings')), ['tools.asc'])
    assert.equal(host.has('/etc/apt/sources.list.d/new.sources'), false)
  }
})

test('apt_repository takes its own key away, and never a keyring of others', async (t) => {
  const host = await hostFor(t)
  layDown(host.root, { '/usr/share/keyrings/debian.gpg': 'key' })
  await apply(host, 'tools', { ...flat, key: host.blob(armoured) })
  const debian = { ...flat, keyring: '/usr/share/keyrings/debian.gpg' }
  await apply(host, 'tools', debian)
  assert.match(host.text(sources), /Signed-By: \/usr\/share\/keyrings\/debian\.gpg/)
  assert.equal(host.has(`${key}.asc`), false)
  await apply(host, 'tools', { ...flat, key: host.blob(armoured) })
  const gone = aptRepository.props.parse({ ensure: 'absent' })
  assert.deepEqual(shown(await aptRepository.check('tools', gone, host)), [
    'old key: /etc/apt/keyrings/tools.asc → absent',
    'sources: file → absent',
  ])
  await apply(host, 'tools', { ensure: 'absent' })
  assert.deepEqual(await aptRepository.check('tools', gone, host), [])
  assert.equal(host.has('/usr/share/keyrings/debian.gpg'), true)
})

test('a plan foresees sources and key, and fetches nothing', async (t) => {
  const host = await hostFor(t)
  const foreseen = new ForeseenHost(host)
  for (const props of [
    { ...flat, key: host.blob(armoured) },
    { ...flat, keyUrl: 'https://deb.example.org/key.gpg', keySha256: sha256('key') },
    { ensure: 'absent' },
  ]) {
    const want = aptRepository.props.parse(props)
    await aptRepository.effects?.('tools', want, foreseen, await aptRepository.check('tools', want, foreseen))
    assert.deepEqual(await aptRepository.check('tools', want, foreseen), [])
  }
  assert.deepEqual(host.commands, [])
  assert.equal(host.has(sources), false)
})

function problem(props: object) {
  return aptRepository.problem?.('x', aptRepository.props.parse(props), {}) ?? ''
}

test('apt_repository refuses what cannot be meant, and what would trust anybody', () => {
  const blob = { sha256: sha256('x'), bytes: 1 }
  assert.match(problem({}), /needs `uris` and `suites`/)
  assert.match(problem(flat), /needs one of `key`, `keyUrl` and `keyring`/)
  assert.match(problem({ ...flat, key: blob, keyring: '/k' }), /needs one of/)
  assert.match(problem({ ...flat, keyUrl: 'https://x.example' }), /together/)
  assert.match(problem({ ...flat, key: blob, components: ['main'] }), /is flat/)
  assert.match(problem({ ...flat, key: blob, suites: ['a', './'] }), /beside others/)
  assert.match(problem({ ...flat, key: blob, suites: ['stable'] }), /needs `components`/)
  assert.equal(problem({ ensure: 'absent' }), '')
  for (const options of [{ Trusted: 'yes' }, { 'Allow-Insecure': 'yes' }, { 'Signed-By': '/k' }, { Languages: 'a\nb' }])
    assert.equal(aptRepository.props.safeParse({ ...flat, options }).success, false, JSON.stringify(options))
  for (const uri of ['deb.example.org', 'https://me:secret@deb.example.org', 'https://a b'])
    assert.equal(aptRepository.props.safeParse({ ...flat, uris: [uri] }).success, false, uri)
})
