import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { ForeseenHost } from '../../../agent/machine/foreseen.ts'
import { service } from '../../../resources/service.ts'
import { FakeHost, tempDir } from '../../helpers/converges.ts'
import { layDown, rootedFiles } from '../../helpers/rooted-files.ts'

const path = '/etc/systemd/system/web.service'
const withInstall = '[Service]\nExecStart=true\n[Install]\nWantedBy=multi-user.target\n'
const withoutInstall = '[Service]\nExecStart=true\n'

async function planned(t: TestContext, files: Record<string, string> = {}) {
  const root = await tempDir(t)
  const host = new FakeHost()
  host.files = rootedFiles(root)
  layDown(root, { '/etc/systemd/system/other.service': '', ...files })
  if (path in files) host.units.set('web.service', { LoadState: 'loaded', UnitFileState: 'static' })
  const foreseen = new ForeseenHost(host)
  const reload = () => foreseen.pretend(async () => void (await foreseen.run(['systemctl', 'daemon-reload'])))
  const write = (text: string) => foreseen.foresee(path, { kind: 'file', bytes: Buffer.from(text) })
  return { foreseen, host, reload, write }
}

test('a unit whose new file has an [Install] section can be enabled', async (t) => {
  const { foreseen, reload, write } = await planned(t, { [path]: withoutInstall })
  write(withInstall)
  assert.equal((await foreseen.unit('web.service')).NeedDaemonReload, 'yes')
  await reload()
  const { UnitFileState, NeedDaemonReload } = await foreseen.unit('web.service')
  assert.deepEqual([UnitFileState, NeedDaemonReload], ['disabled', 'no'])
})

test('a unit that something wants is enabled as soon as its file is there', async (t) => {
  const { foreseen, write } = await planned(t)
  foreseen.foresee('/etc/systemd/system/multi-user.target.wants', { kind: 'directory' })
  foreseen.foresee('/etc/systemd/system/multi-user.target.wants/web.service', { kind: 'link', target: path })
  write(withInstall)
  assert.equal((await foreseen.unit('web.service')).UnitFileState, 'enabled')
})

test('a unit whose file goes needs no reload after one, and what was told of it before is over', async (t) => {
  const { foreseen, reload } = await planned(t, { [path]: withInstall })
  foreseen.foreseeUnit('web.service', { LoadState: 'loaded', UnitFileState: 'enabled', ActiveState: 'active' })
  foreseen.foresee(path, null)
  await reload()
  const { LoadState, ActiveState, NeedDaemonReload } = await foreseen.unit('web.service')
  assert.deepEqual([LoadState, ActiveState, NeedDaemonReload], ['not-found', 'active', 'no'])
})

test('what is owed to a unit that is not there fails in the plan too, but not what its recipe keeps stopped', async (t) => {
  const { foreseen } = await planned(t)
  const act = async (action: string, props = {}) =>
    service.actionEffects?.(action, 'web', service.props.parse(props), foreseen)
  await assert.rejects(act('restart'), /There is no web\.service/)
  await act('restart', { running: false })
  foreseen.foreseeUnit('web.service', { LoadState: 'masked', UnitFileState: 'masked' })
  await assert.rejects(act('restart'), /web\.service is masked/)
})

test('what is masked has a link in place of its file, and what is unmasked has none', async (t) => {
  const { foreseen } = await planned(t)
  const change = (from: string, to: string) =>
    service.effects?.('web', service.props.parse({ masked: to === 'true' }), foreseen, [{ what: 'masked', from, to }])
  await change('false', 'true')
  assert.equal(foreseen.files.readLink(path), '/dev/null')
  const { LoadState, NeedDaemonReload } = await foreseen.unit('web.service')
  assert.deepEqual([LoadState, NeedDaemonReload], ['masked', 'no'])
  await change('true', 'false')
  assert.equal(foreseen.files.stat(path), undefined)
  assert.equal((await foreseen.unit('web.service')).LoadState, 'not-found')
})

test('a reload is for all units; where it may come or not, so may what needs one', async (t) => {
  const { foreseen, reload, host } = await planned(t, { [path]: withInstall })
  host.units.set('web.service', { LoadState: 'loaded', NeedDaemonReload: 'yes' })
  await foreseen.assume('it may be made', reload)
  await assert.rejects(foreseen.unit('web.service'), /it may be made/)
  await reload()
  assert.equal((await foreseen.unit('web.service')).NeedDaemonReload, 'no')
})

test('a package that comes may make systemd read its units anew', async (t) => {
  const { foreseen, host } = await planned(t, { [path]: withInstall })
  host.units.set('web.service', { LoadState: 'loaded', NeedDaemonReload: 'yes' })
  foreseen.mayBring('pkg[other]')
  assert((await foreseen.watch(() => foreseen.unit('web.service'))).mayCome)
})
