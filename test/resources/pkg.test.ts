import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CommandResult } from '../../resources/host.ts'
import { pkg } from '../../resources/pkg.ts'
import { assertConverges, FakeHost, shown } from '../helpers/converges.ts'

const aptGet =
  'apt-get --yes --quiet -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold'
const update = `${aptGet} -o APT::Update::Error-Mode=any update`
const configure = 'dpkg --force-confdef --force-confold --configure --pending'
const fixBroken = `${aptGet} --fix-broken install`

/** What apt and dpkg do to the table of packages. */
class AptHost extends FakeHost {
  sources = new Map<string, string[]>()
  afterUpdate = new Map<string, string[]>()
  answer: (line: string) => Partial<CommandResult> = () => ({})

  override async run(argv: string[], options = {}) {
    const line = argv.join(' ')
    await super.run(argv, options)
    const answer = this.answer(line)
    if (answer.exitCode) return { exitCode: 0, stdout: '', stderr: '', ...answer }
    const operands = argv.includes('--') ? argv.slice(argv.indexOf('--') + 1) : []
    if (argv[0] === 'apt-cache')
      return { exitCode: 0, stderr: '', stdout: operands.map((name) => this.#policy(name)).join('') }
    if (line.endsWith(' update')) for (const [name, versions] of this.afterUpdate) this.sources.set(name, versions)
    if (argv[0] === 'dpkg') for (const found of this.installed.values()) found.status = 'installed'
    for (const operand of operands) this.#change(operand, argv.includes('purge'))
    return { exitCode: 0, stdout: '', stderr: '' }
  }

  has(name: string, version = '1.0-1', status = 'installed') {
    this.installed.set(name, { version, status, hold: false })
    return this
  }

  offers(...names: string[]) {
    for (const name of names) this.sources.set(name, ['1.0-1', '2.0-1'])
    return this
  }

  #policy(name: string) {
    const versions = this.sources.get(name)
    if (!versions) return ''
    const table = versions.map(
      (version) => `     ${version} 500\n        500 http://deb.example/debian stable/main amd64 Packages\n`,
    )
    return `${name}:\n  Installed: (none)\n  Candidate: ${versions.at(-1) ?? '(none)'}\n  Version table:\n${table.join('')}`
  }

  #change(operand: string, purge: boolean) {
    const [name = '', version] = operand.replace(/-$/, '').split('=')
    if (purge) this.installed.delete(name)
    else if (operand.endsWith('-')) this.has(name, '1.0-1', 'config-files')
    else this.has(name, version ?? this.sources.get(name)?.at(-1))
  }
}

async function applyMany(host: FakeHost, wanted: Record<string, object>) {
  const items = await Promise.all(
    Object.entries(wanted).map(async ([name, props]) => {
      const want = pkg.props.parse(props)
      return { name, want, changes: await pkg.check(name, want, host) }
    }),
  )
  assert(pkg.applyMany)
  return pkg.applyMany(items, host)
}

test('pkg installs a package without prompts, keeps conffiles, waits for the lock and survives the agent', async () => {
  const host = new AptHost().offers('haproxy')
  await assertConverges(pkg, 'haproxy', {}, host, ['ensure: absent → present'])
  assert.deepEqual(host.commands, ['apt-cache policy -- haproxy', `${aptGet} install -- haproxy`])
  assert.equal(host.options[1]?.outlives, true)
  assert.equal(host.options[1]?.env?.DEBIAN_FRONTEND, 'noninteractive')
})

test('pkg installs exactly the version wanted, also an older one', async () => {
  const host = new AptHost().offers('haproxy').has('haproxy', '2.0-1')
  await assertConverges(pkg, 'haproxy', { version: '1.0-1' }, host, ['version: 2.0-1 → 1.0-1'])
  assert.equal(host.commands[1], `${aptGet} --allow-downgrades install -- haproxy=1.0-1`)
})

test('pkg removes and purges; a removed package whose configuration stays is absent', async () => {
  const host = new AptHost().has('exim4')
  await assertConverges(pkg, 'exim4', { ensure: 'absent' }, host, ['ensure: present → absent'])
  assert.deepEqual(host.commands, [`${aptGet} install -- exim4-`])
  assert.equal(host.installed.get('exim4')?.status, 'config-files')
  await assertConverges(pkg, 'exim4', { ensure: 'purged' }, host, ['ensure: absent → purged'])
  assert.deepEqual(host.commands.slice(1), [`${aptGet} purge -- exim4`])
  assert.deepEqual(await pkg.check('never', pkg.props.parse({ ensure: 'purged' }), host), [])
})

test('pkg installs and removes neighbours in one transaction', async () => {
  const host = new AptHost().offers('haproxy', 'zookeeper', 'chrony').has('ntpsec')
  const failed = await applyMany(host, {
    haproxy: {},
    ntpsec: { ensure: 'absent' },
    zookeeper: {},
    chrony: { version: '2.0-1' },
  })
  assert.equal(failed.size, 0)
  assert.deepEqual(host.commands, [
    'apt-cache policy -- haproxy zookeeper chrony',
    `${aptGet} --allow-downgrades install -- haproxy ntpsec- zookeeper chrony=2.0-1`,
  ])
})

test('pkg asks for recommended packages in a transaction apart, since apt has one answer for all', async () => {
  const host = new AptHost().offers('haproxy', 'zookeeper')
  await applyMany(host, { haproxy: { recommends: false }, zookeeper: { recommends: true } })
  assert.deepEqual(host.commands.slice(1), [
    `${aptGet} --no-install-recommends install -- haproxy`,
    `${aptGet} --install-recommends install -- zookeeper`,
  ])
})

test('pkg fails the one package that does not exist and installs its neighbours', async () => {
  const host = new AptHost().offers('haproxy')
  const failed = await applyMany(host, { haproxy: {}, 'haproxy-typo': {} })
  assert.deepEqual([...failed.keys()], ['haproxy-typo'])
  assert.equal(
    failed.get('haproxy-typo')?.message,
    "There is no package haproxy-typo in the node's sources. Check its name, or declare its source before it.",
  )
  assert.deepEqual(host.commands.slice(-1), [`${aptGet} install -- haproxy`])
  assert.equal(host.commands.filter((line) => line === update).length, 1)
})

test('pkg refreshes the lists once when a package or a version is not in them', async () => {
  const host = new AptHost()
  host.afterUpdate.set('haproxy', ['3.0-1'])
  await assertConverges(pkg, 'haproxy', { version: '3.0-1' }, host, ['ensure: absent → present', 'version: - → 3.0-1'])
  assert.deepEqual(host.commands, [
    'apt-cache policy -- haproxy',
    update,
    'apt-cache policy -- haproxy',
    `${aptGet} --allow-downgrades install -- haproxy=3.0-1`,
  ])
})

test('pkg names the versions there are, and why the lists could not be refreshed', async () => {
  const host = new AptHost().offers('haproxy')
  host.answer = (line) => (line === update ? { exitCode: 100, stderr: 'E: Could not resolve deb.example' } : {})
  const error = (await applyMany(host, { haproxy: { version: '9-1' } })).get('haproxy')
  assert.match(
    error?.message ?? '',
    /has no version 9-1 .* There is: 1\.0-1, 2\.0-1\.\nThe lists of packages could not be refreshed: .*Could not resolve/,
  )
})

test('pkg says of a virtual package that one which provides it must be named', async () => {
  const host = new AptHost()
  host.sources.set('mail-transport-agent', [])
  const error = (await applyMany(host, { 'mail-transport-agent': {} })).get('mail-transport-agent')
  assert.match(error?.message ?? '', /it is virtual/)
})

test('pkg tries each package alone when all together fail, so that a broken one keeps no neighbour out', async () => {
  const host = new AptHost().offers('good', 'broken')
  host.answer = (line) =>
    / install -- .*broken/.test(line)
      ? { exitCode: 100, stderr: 'broken : Depends: nothing-there but it is not installable' }
      : {}
  const failed = await applyMany(host, { good: {}, broken: {} })
  assert.deepEqual([...failed.keys()], ['broken'])
  assert.match(
    failed.get('broken')?.message ?? '',
    /install -- broken exited with 100: broken : Depends: nothing-there/,
  )
  assert.equal(host.installed.get('good')?.status, 'installed')
})

test('pkg gives up on all at once when the lock is not to be had', async () => {
  const host = new AptHost().offers('a1', 'b1')
  host.answer = (line) =>
    line.includes(' install ')
      ? { exitCode: 100, stderr: 'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7' }
      : {}
  const failed = await applyMany(host, { a1: {}, b1: {} })
  assert.deepEqual([...failed.keys()], ['a1', 'b1'])
  assert.equal(host.commands.filter((line) => line.includes(' install ')).length, 1)
})

test('pkg finishes what a killed dpkg left before anything else', async () => {
  const host = new AptHost().offers('haproxy').has('libfoo', '1.0-1', 'half-configured')
  await assertConverges(pkg, 'haproxy', {}, host, ['ensure: absent → present'])
  assert.deepEqual(host.commands, [configure, fixBroken, 'apt-cache policy -- haproxy', `${aptGet} install -- haproxy`])
})

test('pkg calls a half-installed package different, and finishes it', async () => {
  const host = new AptHost().offers('haproxy').has('haproxy', '1.0-1', 'unpacked')
  assert.deepEqual(shown(await pkg.check('haproxy', pkg.props.parse({}), host)), ['ensure: unpacked → present'])
  await assertConverges(pkg, 'haproxy', {}, host, ['ensure: unpacked → present'])
})

test('pkg mends an interruption that only the journal of dpkg knows of, and tries again', async () => {
  const host = new AptHost().offers('haproxy')
  let interrupted = true
  host.answer = (line) => {
    if (line === configure) interrupted = false
    return interrupted && line.includes(' install ')
      ? {
          exitCode: 100,
          stderr: "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.",
        }
      : {}
  }
  await assertConverges(pkg, 'haproxy', {}, host, ['ensure: absent → present'])
})

test('pkg refreshes the lists when the mirror no longer has what they name', async () => {
  const host = new AptHost().offers('haproxy')
  let stale = true
  host.answer = (line) => {
    if (line === update) stale = false
    return stale && line.includes(' install ')
      ? { exitCode: 100, stderr: 'E: Failed to fetch http://deb.example/h.deb  404  Not Found' }
      : {}
  }
  await assertConverges(pkg, 'haproxy', {}, host, ['ensure: absent → present'])
})

test('pkg waits while another apt holds the lists', async () => {
  const host = new AptHost()
  host.afterUpdate.set('haproxy', ['1.0-1'])
  let busy = 1
  host.answer = (line) =>
    line === update && busy-- > 0
      ? { exitCode: 100, stderr: 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7' }
      : {}
  await assertConverges(pkg, 'haproxy', {}, host, ['ensure: absent → present'])
})

test('pkg refuses names and props that cannot be meant', () => {
  for (const name of ['-y', 'Foo', 'a', 'foo bar', 'foo=1', '../x.deb', 'foo*'])
    assert.equal(pkg.name.safeParse(name).success, false, name)
  for (const name of ['g++', 'libc6:i386', 'python3.11', '0ad'])
    assert.equal(pkg.name.safeParse(name).success, true, name)
  assert.match(pkg.problem?.('x1', pkg.props.parse({ ensure: 'absent', version: '1' }), {}) ?? '', /have no meaning/)
})
