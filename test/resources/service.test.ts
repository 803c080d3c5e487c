import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UnitState } from '../../resources/host.ts'
import { service } from '../../resources/service.ts'
import { assertConverges, FakeHost } from '../helpers/converges.ts'

const unit = 'haproxy.service'
const show = `systemctl show --property=ActiveState,SubState,Result,Type,NRestarts,ExecMainCode,ExecMainStatus -- ${unit}`
const journal = `journalctl -u ${unit} -n 20 --no-pager -o cat`
const loaded = { LoadState: 'loaded', UnitFileState: 'disabled', Type: 'simple' }

const said = (stdout: string) => ({ exitCode: 0, stdout, stderr: '' })

/** systemd as a table: verbs change the state of the unit. */
class SystemdHost extends FakeHost {
  state: Partial<UnitState>
  shows: Record<string, string>[] = []
  fails: Record<string, string> = {}

  constructor(state: Partial<UnitState> = {}) {
    super()
    this.state = { ...loaded, ...state }
    this.units.set(unit, this.state)
  }

  override async run(argv: string[], options = {}) {
    await super.run(argv, options)
    if (argv[0] === 'journalctl') return said('Starting\nline 7: no such word\n')
    const verb = argv[1] ?? ''
    if (verb === 'show') return said(this.#show())
    if (verb === 'is-enabled') return { ...said(''), exitCode: this.fails['is-enabled'] ? 1 : 0 }
    const stderr = this.fails[verb]
    if (stderr) return { exitCode: 1, stdout: '', stderr }
    this.#change(verb)
    return said('')
  }

  #show() {
    const next = this.shows.length > 1 ? this.shows.shift() : this.shows[0]
    const state = {
      ActiveState: 'active',
      SubState: 'running',
      Result: 'success',
      Type: 'simple',
      NRestarts: '0',
      ExecMainCode: '0',
      ExecMainStatus: '0',
      ...next,
    }
    return Object.entries(state)
      .map(([key, value]) => `${key}=${value}\n`)
      .join('')
  }

  #change(verb: string) {
    if (['start', 'restart', 'reload-or-restart'].includes(verb)) this.state.ActiveState = 'active'
    if (verb === 'stop') this.state.ActiveState = 'inactive'
    if (verb === 'enable') this.state.UnitFileState = 'enabled'
    if (verb === 'disable' || verb === 'unmask') this.state.UnitFileState = 'disabled'
    if (verb === 'mask') this.state.UnitFileState = 'masked'
    if (verb === 'daemon-reload') this.state.NeedDaemonReload = 'no'
  }
}

const want = (props: object) => service.props.parse({ settleMs: 20, ...props })

async function apply(host: FakeHost, props: object) {
  await service.apply('haproxy', want(props), host, await service.check('haproxy', want(props), host))
}

test('service enables, starts and sees the unit stay up', async () => {
  const host = new SystemdHost()
  await assertConverges(service, 'haproxy', { running: true, enabled: true, settleMs: 20 }, host, [
    'enabled: false → true',
    'running: false → true',
  ])
  assert.deepEqual(host.commands.slice(0, 4), [
    `systemctl enable -- ${unit}`,
    `systemctl reset-failed -- ${unit}`,
    `systemctl start -- ${unit}`,
    show,
  ])
})

test('service takes a name with its suffix for the same unit', async () => {
  const host = new SystemdHost({ ActiveState: 'active' })
  assert.deepEqual(await service.check('haproxy.service', want({ running: true }), host), [])
  assert.deepEqual(service.units?.('haproxy'), [unit])
  assert.deepEqual(service.units?.('backup.timer'), ['backup.timer'])
  assert.deepEqual(service.units?.('getty@tty1'), ['getty@tty1.service'])
})

test('service stops and disables, and is content with a unit that is not there', async () => {
  const host = new SystemdHost({ ActiveState: 'active', UnitFileState: 'enabled' })
  await assertConverges(service, 'haproxy', { running: false, enabled: false }, host, [
    'enabled: true → false',
    'running: true → false',
  ])
  assert.deepEqual(host.commands, [`systemctl disable -- ${unit}`, `systemctl stop -- ${unit}`])
  assert.deepEqual(await service.check('never-heard-of', want({ running: false, enabled: false }), new FakeHost()), [])
})

test('service shows a unit that is not there yet as differences', async () => {
  const changes = await service.check('haproxy', want({ running: true, enabled: true }), new FakeHost())
  assert.deepEqual(
    changes.map(({ what }) => what),
    ['enabled', 'running'],
  )
})

test('service masks a unit after stopping it, also before its package is there', async () => {
  const host = new SystemdHost({ ActiveState: 'active' })
  await assertConverges(service, 'haproxy', { masked: true }, host, ['masked: false → true', 'running: true → false'])
  assert.deepEqual(host.commands, [`systemctl stop -- ${unit}`, `systemctl mask -- ${unit}`])

  const bare = new SystemdHost({ LoadState: 'not-found', UnitFileState: '' })
  await assertConverges(service, 'haproxy', { masked: true }, bare, ['masked: false → true'])
})

test('service unmasks before it enables and starts', async () => {
  const host = new SystemdHost({ LoadState: 'masked', UnitFileState: 'masked' })
  const props = want({ masked: false, enabled: true, running: true })
  await service.apply('haproxy', props, host, await service.check('haproxy', props, host))
  assert.deepEqual(host.commands.slice(0, 2), [`systemctl unmask -- ${unit}`, `systemctl enable -- ${unit}`])
  assert.equal(host.commands[3], `systemctl start -- ${unit}`)
})

test('service makes systemd read changed units first, as a change of its own', async () => {
  const host = new SystemdHost({ NeedDaemonReload: 'yes', ActiveState: 'active' })
  await assertConverges(service, 'haproxy', { running: true }, host, ['daemon-reload: needed → done'])
  assert.deepEqual(host.commands, ['systemctl daemon-reload'])
})

test('service takes a unit that waits for its next crash neither for running nor for stopped', async () => {
  const host = new SystemdHost({ ActiveState: 'activating', SubState: 'auto-restart' })
  const changes = await service.check('haproxy', want({ running: true }), host)
  assert.deepEqual(changes, [{ what: 'running', from: 'activating', to: 'true' }])
  await assertConverges(service, 'haproxy', { running: false }, host, ['running: activating → false'])
  assert.deepEqual(host.commands, [`systemctl stop -- ${unit}`])
})

test('service reports a unit that falls over after its start, with exit status and last log lines', async () => {
  const host = new SystemdHost()
  const crashed = {
    ActiveState: 'activating',
    SubState: 'auto-restart',
    Result: 'exit-code',
    ExecMainCode: '1',
    ExecMainStatus: '2',
  }
  host.shows = [{}, {}, crashed]
  await assert.rejects(apply(host, { running: true, settleMs: 2000 }), (error: Error) => {
    assert.equal(
      error.message,
      `${unit} did not stay up after start: it exited with 2, and is activating (auto-restart).\nIts last log lines:\nStarting\nline 7: no such word`,
    )
    return true
  })
  assert.equal(host.commands.at(-1), journal)
})

test('service notices a crash between two looks by the count of restarts', async () => {
  const host = new SystemdHost()
  host.shows = [{}, { NRestarts: '1', ExecMainCode: '2', ExecMainStatus: '9' }]
  await assert.rejects(apply(host, { running: true, settleMs: 2000 }), /was killed by signal 9/)
})

test('service tells of a crash that systemd has already mended when it looks', async () => {
  const host = new SystemdHost()
  host.shows = [{}, { NRestarts: '1' }]
  await assert.rejects(
    apply(host, { running: true, settleMs: 2000 }),
    /it ended and was started again \(restart 1\), and is active/,
  )
})

test('service trusts systemd at once where the unit itself says when it is ready', async () => {
  const host = new SystemdHost()
  host.shows = [{ Type: 'notify' }]
  await apply(host, { running: true, settleMs: 60_000 })
  assert.equal(host.commands.filter((line) => line === show).length, 1)
})

test('service reports a start that systemctl itself calls failed', async () => {
  const host = new SystemdHost()
  host.fails.start = 'Job for haproxy.service failed because the control process exited with error code.'
  host.shows = [
    { ActiveState: 'failed', SubState: 'failed', Result: 'exit-code', ExecMainCode: '1', ExecMainStatus: '1' },
  ]
  await assert.rejects(
    apply(host, { running: true }),
    /exited with 1, and is failed[^]*Job for haproxy\.service failed[^]*line 7: no such word/,
  )
})

test('service says what to declare when the unit is not there, and how to unmask', async () => {
  const host = new SystemdHost()
  host.fails.start = 'Failed to start haproxy.service: Unit haproxy.service not found.'
  await assert.rejects(
    apply(host, { running: true }),
    /Declare the pkg or systemd_unit that brings haproxy\.service before/,
  )
  host.fails.start = 'Failed to start haproxy.service: Unit haproxy.service is masked.'
  await assert.rejects(apply(host, { running: true }), /Say `masked: false`/)
})

test('service cannot enable a unit without an [Install] section, and says so', async () => {
  const host = new SystemdHost({ UnitFileState: 'static' })
  await assert.rejects(
    apply(host, { enabled: true }),
    /haproxy\.service has no \[Install\] section, so it cannot be enabled/,
  )
  assert.deepEqual(await service.check('haproxy', want({ enabled: false }), host), [])
})

test('service asks systemctl whether a unit made from an init script is enabled', async () => {
  const host = new SystemdHost({ UnitFileState: 'generated' })
  assert.deepEqual(await service.check('haproxy', want({ enabled: true }), host), [])
  host.fails['is-enabled'] = 'disabled'
  assert.deepEqual(await service.check('haproxy', want({ enabled: true }), host), [
    { what: 'enabled', from: 'false', to: 'true' },
  ])
})

test('service reloads what can reload, restarts the rest, and reads changed units before either', async () => {
  const host = new SystemdHost({ NeedDaemonReload: 'yes', ActiveState: 'active' })
  await service.actions?.reload?.('haproxy', host, want({ running: true }))
  assert.deepEqual(host.commands.slice(0, 3), [
    'systemctl daemon-reload',
    `systemctl reset-failed -- ${unit}`,
    `systemctl reload-or-restart -- ${unit}`,
  ])
})

test('service does not wake by a notification what the recipe keeps stopped', async () => {
  for (const props of [{ running: false }, { masked: true }]) {
    const host = new SystemdHost()
    await service.actions?.restart?.('haproxy', host, want(props))
    assert.deepEqual(host.commands, [])
  }
})

test('service lets try-restart find the unit stopped', async () => {
  const host = new SystemdHost()
  host.shows = [{ ActiveState: 'inactive', SubState: 'dead' }]
  await service.actions?.['try-restart']?.('haproxy', host, want({}))
  assert.equal(host.commands[1], `systemctl try-restart -- ${unit}`)
})

test('service just started needs no restart for what changed before', () => {
  assert.deepEqual(service.satisfies?.([{ what: 'running', from: 'false', to: 'true' }]), [
    'start',
    'restart',
    'try-restart',
    'reload',
  ])
  assert.deepEqual(service.satisfies?.([{ what: 'enabled', from: 'false', to: 'true' }]), [])
})

test('service refuses what contradicts itself', () => {
  assert.equal(service.props.safeParse({ masked: true, running: true }).success, false)
  for (const name of ['-x', 'a b', 'a/b', '']) assert.equal(service.name.safeParse(name).success, false, name)
})
