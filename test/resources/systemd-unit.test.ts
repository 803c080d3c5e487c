import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
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
  await assertConverges(type, 'web.service', { ensure: 'absent' }, host, ['ensure: present → absent'])
  assert.deepEqual(readdirSync(dir), [])
  assert.equal(host.commands.length, 2)
})

test('systemd_unit takes only full names of units, and content when present', () => {
  for (const name of ['web', '../web.service', '/etc/web.service', '-web.service', 'web.conf'])
    assert.equal(systemdUnit.name.safeParse(name).success, false, name)
  for (const name of ['web.service', 'backup@daily.timer'])
    assert.equal(systemdUnit.name.safeParse(name).success, true, name)
  assert.match(systemdUnit.problem?.('web.service', systemdUnit.props.parse({}), {}) ?? '', /needs content/)
})
