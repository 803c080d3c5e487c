import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pkg } from '../../resources/pkg.ts'
import { AptHost } from '../helpers/apt-host.ts'
import { assertConverges, type FakeHost, shown, tempDir } from '../helpers/converges.ts'

const aptGet =
  'apt-get --yes --quiet -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold'
const update = `${aptGet} -o APT::Update::Error-Mode=any update`
const configure = 'dpkg --force-confdef --force-confold --configure --pending'
const fixBroken = `${aptGet} --fix-broken install`

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

test('pkg holds what it installed, and lets go only of what it changes itself', async () => {
  const host = new AptHost().offers('haproxy')
  await assertConverges(pkg, 'haproxy', { version: '1.0-1', hold: true }, host, [
    'ensure: absent → present',
    'version: - → 1.0-1',
    'hold: false → true',
  ])
  host.commands = []
  await assertConverges(pkg, 'haproxy', { version: '2.0-1', hold: true }, host, ['version: 1.0-1 → 2.0-1'])
  assert.deepEqual(host.commands, [
    'apt-cache policy -- haproxy',
    'apt-mark unhold -- haproxy',
    `${aptGet} --allow-downgrades install -- haproxy=2.0-1`,
    'apt-mark hold -- haproxy',
  ])
  host.commands = []
  await assertConverges(pkg, 'haproxy', { hold: false }, host, ['hold: true → false'])
  assert.deepEqual(host.commands, ['apt-mark unhold -- haproxy'])
})

test('pkg holds again what could not be changed, and says how one that is held otherwise can be', async () => {
  const host = new AptHost().offers('haproxy').has('haproxy')
  host.installed.set('haproxy', { version: '1.0-1', status: 'installed', hold: true })
  const said = 'E: Held packages were changed and -y was used without --allow-change-held-packages.'
  host.answer = (line) => (line.includes(' install ') ? { exitCode: 100, stderr: said } : {})
  const error = (await applyMany(host, { haproxy: { version: '2.0-1' } })).get('haproxy')
  assert.match(error?.message ?? '', /without --allow-change-held-packages\.\nSay `hold` of the package/)
  assert.deepEqual(
    host.commands.filter((line) => line.startsWith('apt-mark')),
    [],
  )
  assert.equal((await applyMany(host, { haproxy: { version: '2.0-1', hold: true } })).size, 1)
  assert.equal(host.installed.get('haproxy')?.hold, true)
})

test('what is cleaned up goes also where it is held, and is then held no more', async () => {
  const host = new AptHost().has('haproxy')
  host.installed.set('haproxy', { version: '1.0-1', status: 'installed', hold: true })
  await applyMany(host, { haproxy: { ensure: 'absent', hold: true } })
  assert.deepEqual(host.commands, ['apt-mark unhold -- haproxy', `${aptGet} install -- haproxy-`])
})

test('pkg installs a file of just the version it has, and refuses that of another package', async (t) => {
  const deb = join(await tempDir(t), 'tool.deb')
  const host = new AptHost().has('tool', '3.0')
  const props = { deb }
  assert.deepEqual(shown(await pkg.check('tool', pkg.props.parse(props), host)), [`version: 3.0 → that of ${deb}`])
  assert.match((await applyMany(host, { tool: props })).get('tool')?.message ?? '', /is no package that can be read/)
  writeFileSync(deb, '')
  host.debs.set(deb, ['tool', '2.0'])
  await assertConverges(pkg, 'tool', props, host, ['version: 3.0 → 2.0'])
  assert.equal(host.commands.at(-2), `${aptGet} --allow-downgrades install -- ${deb}`)
  const failed = await applyMany(host, { other: { deb }, tool: { deb, version: '9.0' } })
  assert.match(failed.get('other')?.message ?? '', /has the package tool\. Name the resource pkg\[tool\]/)
  assert.match(failed.get('tool')?.message ?? '', /has version 2\.0 of tool, not 9\.0/)
})

test('pkg does not read a file whose version the recipe names and the node has', async () => {
  const host = new AptHost().has('tool', '2.0')
  assert.deepEqual(await pkg.check('tool', pkg.props.parse({ deb: '/srv/tool.deb', version: '2.0' }), host), [])
  assert.deepEqual(host.commands, [])
})

test('pkg fetches the lists when they do not know what a file depends on', async (t) => {
  const deb = join(await tempDir(t), 'tool.deb')
  writeFileSync(deb, '')
  const host = new AptHost()
  host.debs.set(deb, ['tool', '2.0'])
  let stale = true
  host.answer = (line) => {
    if (line === update) stale = false
    const unmet = 'The following packages have unmet dependencies:\n tool : Depends: words but it is not installable\n'
    return stale && line.includes(' install ')
      ? { exitCode: 100, stdout: unmet, stderr: 'E: Unable to correct problems.' }
      : {}
  }
  await assertConverges(pkg, 'tool', { deb }, host, ['ensure: absent → present', 'version: - → 2.0'])
})

test('pkg refuses names and props that cannot be meant', () => {
  for (const name of ['-y', 'Foo', 'a', 'foo bar', 'foo=1', '../x.deb', 'foo*'])
    assert.equal(pkg.name.safeParse(name).success, false, name)
  for (const name of ['g++', 'libc6:i386', 'python3.11', '0ad'])
    assert.equal(pkg.name.safeParse(name).success, true, name)
  for (const props of [{ version: '1' }, { deb: '/x.deb' }, { hold: true }, { recommends: false }])
    assert.match(pkg.problem?.('x1', pkg.props.parse({ ensure: 'absent', ...props }), {}) ?? '', /have no meaning/)
  for (const deb of ['x.deb', '/x.rpm', '/a/../x.deb']) assert.equal(pkg.props.safeParse({ deb }).success, false, deb)
})
