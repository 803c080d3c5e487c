import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { realFiles } from '../../resources/files/files.ts'
import { systemdUnit, systemdUnitIn } from '../../resources/systemd-unit.ts'
import { assertConverges, FakeHost, tempDir } from '../helpers/converges.ts'

const text = '[Service]\nExecStart=/usr/bin/true\n'
const asRoot = { skip: process.getuid?.() === 0 ? false : 'needs root' }

test('systemd_unit writes the unit, shows the diff and lets systemd read it at once', asRoot, async (t) => {
  const dir = await tempDir(t)
  const host = new FakeHost()
  const content = host.blob(text)
  const changes = await assertConverges(systemdUnitIn(dir), 'web.service', { content }, host, [
    'ensure: absent → present',
    `content: - → ${content.sha256}`,
    'mode: - → 0644',
    'owner: - → 0',
    'group: - → 0',
  ])
  assert.match(changes[1]?.diff ?? '', /\+ExecStart=\/usr\/bin\/true/)
  assert.equal(readFileSync(join(dir, 'web.service'), 'utf8'), text)
  assert.equal(statSync(join(dir, 'web.service')).mode & 0o777, 0o644)
  assert.deepEqual(host.commands, ['systemctl daemon-reload'])
})

test('systemd_unit takes a unit away and lets systemd forget it', asRoot, async (t) => {
  const dir = await tempDir(t)
  const host = new FakeHost()
  const type = systemdUnitIn(dir)
  const want = type.props.parse({ content: host.blob(text) })
  await type.apply('web.service', want, host, await type.check('web.service', want, host))
  host.commands = []
  await assertConverges(type, 'web.service', { ensure: 'absent' }, host, ['ensure: present → absent'])
  assert.deepEqual(readdirSync(dir), [])
  assert.equal(host.commands.at(-1), 'systemctl daemon-reload')
})

/** A folder with the file of a unit, and a machine on which what is stopped is stopped. */
async function unitThere(t: TestContext, name: string) {
  const dir = await tempDir(t)
  const path = join(dir, name)
  const there: boolean[] = []
  const stop = () => {
    host.units.set(name, { UnitFileState: '' })
    there.push(existsSync(path))
    return {}
  }
  const host = new FakeHost({ [`systemctl stop -- ${name}`]: stop })
  writeFileSync(path, text)
  return { type: systemdUnitIn(dir), host, path, there }
}

test('systemd_unit stops and disables what goes, while its file still says how', async (t) => {
  const { type, host, there } = await unitThere(t, 'web.service')
  host.units.set('web.service', { LoadState: 'loaded', ActiveState: 'active', UnitFileState: 'enabled' })
  await assertConverges(type, 'web.service', { ensure: 'absent' }, host, [
    'ensure: present → absent',
    'enabled: true → false',
    'running: true → false',
  ])
  assert.deepEqual(there, [true])
  assert.deepEqual(host.commands, [
    'systemctl disable -- web.service',
    'systemctl stop -- web.service',
    'systemctl reset-failed -- web.service',
    'systemctl daemon-reload',
  ])
})

test('systemd_unit stops what runs on although somebody took its file away', async (t) => {
  const { type, host, path } = await unitThere(t, 'web.service')
  rmSync(path)
  host.units.set('web.service', { LoadState: 'not-found', ActiveState: 'active' })
  await assertConverges(type, 'web.service', { ensure: 'absent' }, host, ['running: true → false'])
  assert(!host.commands.includes('systemctl disable -- web.service'))
})

test('systemd_unit stops all instances of a template, of which systemd tells no state', async (t) => {
  const { type, host } = await unitThere(t, 'web@.service')
  host.unit = () => assert.fail('a template was asked for its state')
  await assertConverges(type, 'web@.service', { ensure: 'absent' }, host, ['ensure: present → absent'])
  assert(host.commands.includes('systemctl stop -- web@*.service'))
})

test('systemd_unit that stood before the unit of a package takes only itself away', async (t) => {
  const name = 'haproxy.service'
  const { type, host } = await unitThere(t, name)
  host.files = { ...realFiles, stat: (path) => realFiles.stat(path === `/usr/lib/systemd/system/${name}` ? '/' : path) }
  host.units.set(name, { LoadState: 'loaded', ActiveState: 'active', UnitFileState: 'enabled' })
  await assertConverges(type, name, { ensure: 'absent' }, host, ['ensure: present → absent'])
  assert.deepEqual(host.commands, ['systemctl daemon-reload'])
})

test('systemd_unit takes only full names of units, and content when present', () => {
  for (const name of ['web', '../web.service', '/etc/web.service', '-web.service', 'web.conf'])
    assert.equal(systemdUnit.name.safeParse(name).success, false, name)
  for (const name of ['web.service', 'backup@daily.timer'])
    assert.equal(systemdUnit.name.safeParse(name).success, true, name)
  assert.match(systemdUnit.problem?.('web.service', systemdUnit.props.parse({}), {}) ?? '', /needs content/)
})
