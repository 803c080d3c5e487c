import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { sha256 } from '../../../protocol/catalog.ts'
import { acceptance, type Machine, told } from '../../helpers/acceptance.ts'
import { assertAgrees } from '../../helpers/agrees.ts'
import { buildDeb, type Deb, layRepository, signers, trustRepository } from '../../helpers/deb.ts'

const versions = (name: string, rest: Omit<Deb, 'name'> = {}): Deb[] =>
  ['1.0', '2.0'].map((version) => ({ name, version, ...rest }))

const greet = versions('lab-greet', {
  depends: 'lab-words',
  unit: 'lab-greet',
  user: 'greeter',
  files: { '/etc/lab-greet/greet.conf': 'loud\n', '/usr/share/lab-greet/text': 'hello\n' },
  conffiles: ['/etc/lab-greet/greet.conf'],
})
const lab: Deb[] = [
  ...greet,
  { name: 'lab-words', files: { '/usr/share/lab/words': 'hello\n' } },
  ...versions('lab-more', { files: { '/usr/share/lab/more': 'more\n' } }),
  { name: 'lab-rival', conflicts: 'lab-more' },
  { name: 'lab-broken', depends: 'lab-nowhere' },
  // What the example of pkg names.
  { name: 'haproxy', version: '2.6.12-1+deb12u4' },
  { name: 'chrony', version: '4.6' },
  { name: 'exim4-base', version: '4.98' },
]
/** What lies beside the recipe; the key is made on the node. */
const files: Record<string, string> = {}
const repository = `apt_repository('tools', { uris: ['file:/srv/tools'], suites: ['./'], key: source('tools.asc') })\n`

/** That the events of a converge are these, and that its plan said so. */
async function agrees(machine: Machine, body: string, expected: (string | RegExp)[]) {
  const planned = await machine.plan(body)
  const converged = await machine.converge(body)
  const events = converged.events.map(told)
  assert.equal(events.length, expected.length, events.join('\n'))
  for (const [at, pattern] of expected.entries())
    if (typeof pattern === 'string') assert.equal(events[at], pattern)
    else assert.match(events[at] ?? '', pattern)
  assertAgrees(planned, converged)
  return planned.events.map(told)
}

const withKey = (keySha256: string) =>
  `apt_repository('fetched', { uris: ['file:/srv/tools'], suites: ['./'], keyUrl: 'file:/srv/tools.asc', keySha256: '${keySha256}' })`

const pin = (priority: number) =>
  `apt_pin('old', { packages: ['lab-more'], pin: 'version 1.*', priority: ${priority} })\n`

const whatIs = async (machine: Machine, name: string) => {
  const { stdout } = await machine.node.exec([
    'dpkg-query',
    '--show',
    '--showformat=${db:Status-Abbrev}${Version}',
    name,
  ])
  return stdout
}

acceptance('apt', { packages: signers, files }, (machine) => {
  const is = (name: string) => whatIs(machine(), name)

  before(async () => {
    const { node } = machine()
    files['tools.asc'] = await layRepository(node, '/srv/tools', [{ name: 'lab-tool' }], true)
    await node.write('/srv/tools.asc', files['tools.asc'])
    await layRepository(node, '/srv/lab', lab)
    // Only what is tried out here is to be asked.
    await machine().on('rm', '/etc/apt/sources.list')
    await trustRepository(node, '/srv/lab')
  })

  test('the example of apt_repository makes a signed repository known, from which pkg installs at once', async () => {
    const body = `${repository} pkg('lab-tool')`
    const planned = await agrees(machine(), body, ['apt_repository[tools] changed', 'pkg[lab-tool] changed'])
    assert.match(planned[1] ?? '', /^pkg\[lab-tool\] unknown: .* is to be changed above it, and what apt can install/)
    await machine().threeWays(`apt_repository('tools', { ensure: 'absent' })\npkg('lab-tool', { ensure: 'absent' })`, [
      'apt_repository[tools]',
      'pkg[lab-tool]',
    ])
    assert.equal(await machine().on('find', '/etc/apt/keyrings', '-name', 'tools*'), '')
    await machine().example('apt_repository')
  })

  test('apt_repository fetches a key, and takes none of another hash', async () => {
    const hash = sha256(files['tools.asc'] ?? '')
    await machine().on('rm', '/etc/apt/sources.list.d/tools.sources')
    const { events } = await machine().converge(withKey('0'.repeat(64)))
    assert.match(events.map(told).join(), /failed: file:\/srv\/tools\.asc has the SHA-256 .* it was not put in place/)
    await machine().threeWays(withKey(hash), ['apt_repository[fetched]'])
    assert.equal(
      await machine().on('sha256sum', '/etc/apt/keyrings/fetched.asc'),
      `${hash}  /etc/apt/keyrings/fetched.asc`,
    )
    await machine().threeWays(`apt_repository('fetched', { ensure: 'absent' })`, ['apt_repository[fetched]'])
  })

  test('a repository that cannot be read, or contradicts another, changes nothing', async () => {
    await machine().converge(repository)
    const was = await machine().on('cat', '/etc/apt/sources.list.d/tools.sources')
    const bad = [
      [repository.replace('/srv/tools', '/srv/nowhere'), /cannot be fetched, so nothing was changed/],
      [
        repository.replace("key: source('tools.asc')", "key: 'no key at all'"),
        /cannot be fetched, so nothing was changed/,
      ],
      [repository.replace("'tools'", "'again'"), /Conflicting values set for option Signed-By/],
    ] as const
    for (const [body, why] of bad) {
      const { events } = await machine().converge(body)
      assert.match(events.map(told).join(), why)
      assert.equal(await machine().on('cat', '/etc/apt/sources.list.d/tools.sources'), was)
      await machine().on('apt-get', 'update')
    }
    await machine().converge(repository.replace(/\{.*\}/, "{ ensure: 'absent' }"))
  })

  test('the example of apt_pin is written; a pin decides which version is installed, or that none is', async () => {
    await machine().example('apt_pin')
    await machine().threeWays(`${pin(900)} pkg('lab-more')`, ['apt_pin[old]', 'pkg[lab-more]'])
    assert.equal(await is('lab-more'), 'ii 1.0')
    await machine().threeWays(`apt_pin('old', { ensure: 'absent' })\npkg('lab-more', { ensure: 'purged' })`, [
      'apt_pin[old]',
      'pkg[lab-more]',
    ])
    const never = `apt_pin('never', { packages: ['lab-more'], pin: 'release *', priority: -1 })\n`
    await agrees(machine(), `${never} pkg('lab-more')`, [
      'apt_pin[never] changed',
      /pkg\[lab-more\] failed: .*a pin forbids it/,
    ])
    await machine().converge(`apt_pin('never', { ensure: 'absent' })`)
  })

  test('the example of pkg installs, holds, purges, and takes a file', async () => {
    await machine().node.write(
      '/srv/consul_1.8.7_all.deb',
      buildDeb({ name: 'consul', version: '1.8.7', depends: 'lab-words' }),
    )
    await machine().on('apt-get', '-qq', 'install', 'exim4-base')
    await machine().example('pkg')
    assert.equal(await is('consul'), 'ii 1.8.7')
    assert.equal(await is('haproxy'), 'hi 2.6.12-1+deb12u4')
  })

  test('a package that is held is changed by whoever says so, and by nobody else', async () => {
    await machine().threeWays(`pkg('lab-more', { version: '1.0', hold: true })`, ['pkg[lab-more]'])
    assert.equal(await is('lab-more'), 'hi 1.0')
    await agrees(machine(), `pkg('lab-more', { version: '2.0' })`, [
      /failed: .*Held packages were changed.*\nSay `hold`/s,
    ])
    await agrees(machine(), `pkg('lab-rival')`, [/failed: .*held broken packages/s])
    await machine().threeWays(`pkg('lab-more', { version: '2.0', hold: true })`, ['pkg[lab-more]'])
    assert.equal(await is('lab-more'), 'hi 2.0')
    await machine().threeWays(`pkg('lab-more', { hold: false })`, ['pkg[lab-more]'])
    await machine().threeWays(`pkg('lab-more', { ensure: 'purged' })`, ['pkg[lab-more]'])
  })

  test('a file is installed with what it depends on, upgraded, and downgraded', async () => {
    const give = (version: string, depends?: string) =>
      machine().node.write(
        '/srv/lab-local.deb',
        buildDeb({ name: 'lab-local', version, depends, files: { '/opt/lab-local/v': version } }),
      )
    const body = `pkg('lab-local', { deb: '/srv/lab-local.deb' })`
    await give('1.0', 'lab-more')
    await machine().threeWays(`${body}\nfile('/srv/between', { content: '' })\npkg('lab-more')`, [
      'pkg[lab-local]',
      'file[/srv/between]',
    ])
    for (const version of ['2.0', '1.5']) {
      await give(version)
      await machine().threeWays(body, ['pkg[lab-local]'])
      assert.equal(await is('lab-local'), `ii ${version}`)
    }
    await agrees(machine(), body.replace('lab-local', 'lab-other'), [/failed: .* has the package lab-local/])
    await agrees(machine(), body.replace('local.deb', 'gone.deb'), [
      /failed: .*gone\.deb is no package that can be read/,
    ])
    await machine().threeWays(`pkg('lab-local', { ensure: 'purged' })\npkg('lab-more', { ensure: 'purged' })`, [
      'pkg[lab-local]',
      'pkg[lab-more]',
    ])
  })

  test('a plan asks apt what comes along and what goes, and sees the files and units that go with it', async () => {
    await machine().on('apt-get', '-qq', 'purge', 'consul', 'lab-words')
    const planned = await agrees(
      machine(),
      `pkg('lab-greet', { version: '1.0' })
       service('lab-greet', { running: true })
       pkg('lab-words')
       file('/usr/share/lab/words', { mode: '0644' })`,
      ['pkg[lab-greet] changed'],
    )
    // That lab-words comes along it knows, and so does not tell of it again; what is in it nobody has listed.
    assert.deepEqual(
      planned.map((line) => line.replace(/:.*/s, '')),
      ['pkg[lab-greet] would-change', 'service[lab-greet] would-change', 'file[/usr/share/lab/words] unknown'],
    )
    await agrees(
      machine(),
      `pkg('lab-words', { ensure: 'absent' })
       service('lab-greet', { running: false })
       file('/etc/lab-greet/greet.conf', { mode: '0644' })
       pkg('lab-greet', { ensure: 'absent' })
       file('/usr/share/lab-greet/text', { content: 'mine' })`,
      ['pkg[lab-words] changed', /^file\[\/usr\/share\/lab-greet\/text\] failed: .*its directory does not exist/],
    )
    assert.equal(await is('lab-greet'), 'rc 1.0')
    await agrees(
      machine(),
      `pkg('lab-greet', { ensure: 'purged' })
       directory('/etc/lab-greet', { ensure: 'absent' })`,
      ['pkg[lab-greet] changed'],
    )
  })

  test('what cannot be installed fails in the plan with the words of the converge', async () => {
    const failing: [string, RegExp][] = [
      [`pkg('lab-typo')`, /There is no package lab-typo in the node's sources/],
      [`pkg('lab-more', { version: '9.0' })`, /has no version 9\.0 in the node's sources\. There is: 2\.0, 1\.0/],
      [`pkg('lab-broken')`, /unmet dependencies:\n lab-broken : Depends: lab-nowhere/],
    ]
    for (const [body, why] of failing) {
      const planned = await agrees(machine(), body, [why])
      assert.match(planned.join(), why)
    }
  })

  test('a plan fetches lists that the node lacks aside, and leaves its own as they are', async () => {
    await layRepository(machine().node, '/srv/lab', [...lab, { name: 'lab-new' }])
    const was = await machine().on('ls', '-l', '--time-style=full-iso', '/var/lib/apt/lists')
    const { events } = await machine().plan(`pkg('lab-new')`)
    assert.deepEqual(events.map(told), ['pkg[lab-new] would-change'])
    assert.equal(await machine().on('ls', '-l', '--time-style=full-iso', '/var/lib/apt/lists'), was)
    await machine().threeWays(`pkg('lab-new')`, ['pkg[lab-new]'])
    assert.equal(await machine().on('find', '/var/cache/trivet-agent'), '/var/cache/trivet-agent')
  })
})

/** RPMs of this name in the folder of the node, one for each version; the last is the newest. */
async function buildRpms({ on, node }: Machine, name: string, given: string[], lines = '') {
  for (const version of given) {
    const head = `Name: ${name}\nVersion: ${version}\nRelease: 1.el9\nSummary: for tests\nLicense: none\nBuildArch: noarch\n${lines}`
    const body = `%description\nfor tests\n%install\nmkdir -p %{buildroot}/usr/share/${name}\necho hello > %{buildroot}/usr/share/${name}/text\n%files\n/usr/share/${name}\n`
    await node.write('/srv/build/one.spec', `${head}${body}`)
    const folders = ['--define', '_topdir /srv/build', '--define', '_rpmdir /srv/rpms']
    await on('rpmbuild', '-bb', '--quiet', ...folders, '/srv/build/one.spec')
  }
}

acceptance('dnf', { packages: ['dnf', 'rpm', 'createrepo-c'] }, (machine) => {
  before(async () => {
    const { node, on } = machine()
    await buildRpms(machine(), 'httpd', ['2.4'], 'Requires: lab-words\n')
    await buildRpms(machine(), 'postgresql-server', ['16.4', '17.0'])
    await buildRpms(machine(), 'sendmail', ['8'])
    await buildRpms(machine(), 'lab-words', ['1'])
    await on('createrepo_c', '--quiet', '/srv/rpms')
    await node.write('/etc/yum.repos.d/lab.repo', '[lab]\nname=lab\nbaseurl=file:///srv/rpms\ngpgcheck=0\n')
    await on('dnf', '--assumeyes', '--quiet', 'install', 'sendmail')
  })

  test('the example of dnf installs, in one version, and removes', async () => {
    await machine().example('dnf')
    assert.equal(
      await machine().on('rpm', '-q', 'httpd', 'postgresql-server'),
      'httpd-2.4-1.el9.noarch\npostgresql-server-16.4-1.el9.noarch',
    )
  })

  test('dnf upgrades and downgrades to a version, and removes with what needs it', async () => {
    const body = `dnf('postgresql-server', { version: '17.0-1.el9' })`
    for (const version of ['17.0', '16.4']) {
      await machine().threeWays(body.replace('17.0', version), ['dnf[postgresql-server]'])
      assert.match(await machine().on('rpm', '-q', 'postgresql-server'), new RegExp(version))
    }
    await agrees(
      machine(),
      `dnf('lab-words', { ensure: 'absent' })
       file('/usr/share/httpd/text', { content: 'mine' })`,
      ['dnf[lab-words] changed', /failed: .*its directory does not exist/],
    )
  })

  test('what dnf does not know fails in the plan as in the converge, and spares its neighbours', async () => {
    await agrees(machine(), `dnf('lab-nowhere')`, [/failed: .*Unable to find a match: lab-nowhere/s])
    await agrees(
      machine(),
      `file('/etc/yum.repos.d/more.repo', { content: '[more]\\nname=more\\nbaseurl=file:///srv/more\\ngpgcheck=0\\n' })
       dnf('lab-words')`,
      ['file[/etc/yum.repos.d/more.repo] changed', 'dnf[lab-words] changed'],
    )
  })
})
