import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { ForeseenHost } from '../../../agent/machine/foreseen.ts'
import { Unforeseeable } from '../../../resources/host.ts'
import { pkg } from '../../../resources/pkg.ts'
import { foreseePackages } from '../../../resources/packages/pkg-foreseen.ts'
import { AptHost } from '../../helpers/apt-host.ts'
import { tempDir } from '../../helpers/converges.ts'
import { layDown, rootedFiles } from '../../helpers/rooted-files.ts'

const info = '/var/lib/dpkg/info'
const status = `Package: dpkg
Status: install ok installed
Architecture: amd64
Version: 1.22

Package: tool
Status: install ok installed
Architecture: amd64
Version: 1.0-1
`

const own = `/.
/etc
/etc/tool
/etc/tool/conf
/usr
/usr/share
/usr/share/tool
/usr/share/tool/text
/usr/share/both
/usr/lib/systemd/system/tool.service
/usr/lib/systemd/system/tool@.service
`

/** A plan on a machine that has `tool`, with all that dpkg knows of it, and `other`. */
async function planned(t: TestContext) {
  const root = await tempDir(t)
  const host = new AptHost().has('tool').has('other')
  host.files = rootedFiles(root)
  layDown(root, {
    '/var/lib/dpkg/status': status,
    [`${info}/tool:amd64.list`]: own,
    [`${info}/tool:amd64.conffiles`]: '/etc/tool/conf\n',
    [`${info}/other.list`]: '/.\n/etc\n/usr\n/usr/share\n/usr/share/both\n',
    '/etc/tool/conf': '',
    '/usr/share/tool/text': '',
    '/usr/share/both': '',
    '/usr/lib/systemd/system/tool.service': '',
  })
  host.units.set('tool.service', { LoadState: 'loaded', ActiveState: 'active' })
  return { host, foreseen: new ForeseenHost(host) }
}

async function foresee(foreseen: ForeseenHost, wanted: Record<string, object>) {
  const items = Object.entries(wanted).map(async ([name, props]) => {
    const want = pkg.props.parse(props)
    return { name, want, changes: await pkg.check(name, want, foreseen) }
  })
  return foreseePackages(await Promise.all(items), foreseen)
}

test('a plan knows which packages come along, and that the one wanted may bring anything', async (t) => {
  const { host, foreseen } = await planned(t)
  host.offers('haproxy')
  host.simulated.set(
    'haproxy',
    'Inst lib (1.2 lab [amd64])\nInst haproxy [1.0] (2.0-1 lab [amd64])\nConf lib (1.2 lab)\n',
  )
  assert.equal((await foresee(foreseen, { haproxy: {} })).size, 0)
  assert.equal(foreseen.packages().get('haproxy')?.version, '2.0-1')
  assert.deepEqual(foreseen.packages().get('lib'), { version: '1.2', status: 'installed', hold: false })
  assert.deepEqual(foreseen.brought, ['pkg[haproxy]'])
  assert.equal(host.installed.has('lib'), false, 'the machine itself was changed')
  assert(host.commands.every((line) => !/ install /.test(line) || line.includes(' --simulate ')))
})

test('what is simulated next is so on a status file with all that was foreseen before', async (t) => {
  const { host, foreseen } = await planned(t)
  host.offers('haproxy', 'late')
  host.simulated.set('haproxy', 'Inst haproxy (2.0-1 lab [amd64])\n')
  host.simulated.set('tool-', 'Remv tool [1.0-1]\n')
  await foresee(foreseen, { haproxy: { hold: true } })
  await foresee(foreseen, { tool: { ensure: 'absent' } })
  await foresee(foreseen, { late: {} })
  const written = host.options[host.commands.findLastIndex((line) => line.startsWith('dd '))]?.input ?? ''
  assert.match(written, /Package: haproxy\nVersion: 2\.0-1\nArchitecture: all\nStatus: hold ok installed/)
  assert.match(written, /Package: tool\nArchitecture: amd64\nVersion: 1\.0-1\nStatus: deinstall ok config-files/)
  assert.match(
    host.commands.findLast((line) => line.endsWith('-- late')) ?? '',
    /-o Dir::State::Status=\S+ -o Dir::Cache::PkgCache= /,
  )
})

test('with a package go its files, the directories that are then empty, and its units; configuration stays until it is purged', async (t) => {
  const { host, foreseen } = await planned(t)
  host.simulated.set('tool-', 'Remv tool [1.0-1]\n')
  assert.equal((await foresee(foreseen, { tool: { ensure: 'absent' } })).size, 0)
  const there = (path: string) => foreseen.files.stat(path) !== undefined
  assert.deepEqual(['/etc/tool/conf', '/usr/share/tool', '/usr/share/both', '/usr/share'].map(there), [
    true,
    false,
    true,
    true,
  ])
  const { LoadState, ActiveState } = await foreseen.unit('tool.service')
  assert.deepEqual([LoadState, ActiveState], ['not-found', 'inactive'])
  assert.equal(foreseen.packages().get('tool')?.status, 'config-files')

  host.simulated.set('tool', 'Purg tool\n')
  await foresee(foreseen, { tool: { ensure: 'purged' } })
  assert.deepEqual(['/etc/tool', '/etc'].map(there), [false, true])
  assert.equal(foreseen.packages().has('tool'), false)
})

test('an init script that stays as configuration still makes a unit', async (t) => {
  const { host, foreseen } = await planned(t)
  foreseen.foresee('/etc/init.d', { kind: 'directory' })
  foreseen.foresee('/etc/init.d/tool', { kind: 'file' })
  host.simulated.set('tool-', 'Remv tool [1.0-1]\n')
  await foresee(foreseen, { tool: { ensure: 'absent' } })
  const { LoadState, UnitFileState } = await foreseen.unit('tool.service')
  assert.deepEqual([LoadState, UnitFileState], ['loaded', 'generated'])
})

test('what is in no list fails in the plan as it will, after lists that were fetched aside', async (t) => {
  const { host, foreseen } = await planned(t)
  const error = (await foresee(foreseen, { typo: {} })).get('typo')
  assert.match(error?.message ?? '', /^There is no package typo in the node's sources/)
  const update = host.commands.find((line) => line.endsWith(' update')) ?? ''
  assert.match(update, /^apt-get -o Dir::State::Lists=\/var\/cache\/trivet-agent\/apt\/lists /)
  host.afterUpdate.set('fresh', ['1.0-1'])
  host.simulated.set('fresh', 'Inst fresh (1.0-1 lab [all])\n')
  assert.equal((await foresee(foreseen, { fresh: {} })).size, 0)
})

test('where sources or a file are only foreseen, or dpkg was interrupted, nobody knows what apt would do', async (t) => {
  const { host, foreseen } = await planned(t)
  host.offers('haproxy')
  foreseen.foresee('/etc/apt', { kind: 'directory' })
  foreseen.foresee('/etc/apt/more.list', { kind: 'file', bytes: Buffer.from('deb x') })
  host.simulated.set('tool-', 'Remv tool [1.0-1]\n')
  const failed = await foresee(foreseen, { haproxy: {}, tool: { ensure: 'absent' } })
  assert.deepEqual([...failed.keys()], ['haproxy'], 'what goes does not depend on sources')
  assert(failed.get('haproxy') instanceof Unforeseeable)
  assert.match(
    failed.get('haproxy')?.message ?? '',
    /^\/etc\/apt\/more\.list is to be changed above it, and what apt can install/,
  )
  assert.deepEqual(foreseen.brought, ['pkg[haproxy]'], 'it may bring things all the same')

  const other = new ForeseenHost(host.has('half', '1', 'half-configured'))
  assert.match(
    (await foresee(other, { tool: { ensure: 'absent' } })).get('tool')?.message ?? '',
    /dpkg was interrupted/,
  )
})

test('one of two neighbours that cannot be together has failed in the plan too', async (t) => {
  const { host, foreseen } = await planned(t)
  host.offers('one', 'rival')
  host.answer = (line) => (line.endsWith('install -- one rival') ? { exitCode: 100, stderr: 'E: conflict' } : {})
  host.simulated.set('one', 'Inst one (2.0-1 lab [all])\n')
  host.simulated.set('rival', 'Remv one [2.0-1]\nInst rival (2.0-1 lab [all])\n')
  const failed = await foresee(foreseen, { one: {}, rival: {} })
  assert.deepEqual(
    [...failed].map(([name, { message }]) => [name, message]),
    [['one', 'it would not stay present, since a neighbour needs it otherwise. Declare one of the two.']],
  )
})

test('a hold is foreseen, and lifted for whoever says so', async (t) => {
  const { host, foreseen } = await planned(t)
  host.offers('tool')
  await foresee(foreseen, { tool: { hold: true } })
  assert.equal(foreseen.packages().get('tool')?.hold, true)
  host.simulated.set('tool=2.0-1', 'Inst tool [1.0-1] (2.0-1 lab [amd64])\n')
  assert.equal((await foresee(foreseen, { tool: { version: '2.0-1', hold: true } })).size, 0)
  assert.deepEqual(foreseen.packages().get('tool'), { version: '2.0-1', status: 'installed', hold: true })
})

test('of what another version of a package brings nothing is known, but for configuration that was changed', async (t) => {
  const { host, foreseen } = await planned(t)
  host.simulated.set('tool=2.0-1', 'Inst tool [1.0-1] (2.0-1 lab [amd64])\n')
  host.offers('tool')
  await foresee(foreseen, { tool: { version: '2.0-1' } })
  assert.throws(() => foreseen.files.stat('/usr/share/tool/text'), Unforeseeable)
  await assert.rejects(foreseen.unit('tool.service'), Unforeseeable)
  assert.equal(foreseen.files.stat('/usr/share')?.kind, 'directory')
})

test('after a change of packages that is not sure, nobody knows what apt would do', async (t) => {
  const { host, foreseen } = await planned(t)
  host.simulated.set('tool-', 'Remv tool [1.0-1]\n')
  await foreseen.assume('perhaps', () => foresee(foreseen, { tool: { ensure: 'absent' } }))
  host.offers('haproxy')
  const failed = await foresee(foreseen, { haproxy: {} })
  assert(failed.get('haproxy') instanceof Unforeseeable)
})
