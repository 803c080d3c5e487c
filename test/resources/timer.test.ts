import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { sha256 } from '../../protocol/catalog.ts'
import { serviceText, timerText } from '../../resources/system/timer-units.ts'
import { timer } from '../../resources/timer.ts'
import { assertConverges, FakeHost, shown, tempDir } from '../helpers/converges.ts'
import { rootedFiles } from '../helpers/rooted-files.ts'

const folder = '/etc/systemd/system'
const unit = 'backup.timer'

/** systemd as far as one timer goes: verbs change its state. */
class SystemdHost extends FakeHost {
  override async run(argv: string[]) {
    const result = await super.run(argv)
    const state = this.units.get(unit) ?? {}
    if (argv[1] === 'enable') this.units.set(unit, { ...state, UnitFileState: 'enabled' })
    if (argv[1] === 'restart') this.units.set(unit, { ...state, ActiveState: 'active' })
    if (argv[1] === 'disable') this.units.set(unit, {})
    if (argv[1] === 'daemon-reload') this.units.set(unit, { ...state, NeedDaemonReload: 'no' })
    return result
  }
}

async function machine(t: TestContext, host: FakeHost = new SystemdHost()) {
  const root = await tempDir(t)
  mkdirSync(join(root, folder), { recursive: true })
  host.files = rootedFiles(root)
  return { host, path: (suffix: string) => join(root, folder, `backup.${suffix}`) }
}

const timed = { calendar: ['daily'], argv: ['backup', '--all'], persistent: true, splaySec: 0 }
const daily = { calendar: 'daily', argv: timed.argv }

test('timer writes both units, enables and starts the timer, and restarts it for another calendar', async (t) => {
  const { host } = await machine(t)
  const first = sha256(timerText('backup', timed))
  const serviceHash = sha256(serviceText('backup', timed))
  await assertConverges(timer, 'backup', daily, host, [
    `service: - → ${serviceHash}`,
    `timer: - → ${first}`,
    'enabled: false → true',
    'running: false → true',
  ])
  assert.deepEqual(host.commands, [
    'systemd-analyze calendar -- daily',
    'systemctl daemon-reload',
    `systemctl enable -- ${unit}`,
    `systemctl restart -- ${unit}`,
  ])
  host.commands = []
  const second = sha256(timerText('backup', { ...timed, calendar: ['Sat 05:00', 'Sun 06:00'] }))
  await assertConverges(timer, 'backup', { ...daily, calendar: ['Sat 05:00', 'Sun 06:00'] }, host, [
    `timer: ${first} → ${second}`,
  ])
  assert.deepEqual(host.commands.slice(1), ['systemctl daemon-reload', `systemctl restart -- ${unit}`])

  host.commands = []
  await assertConverges(timer, 'backup', { ensure: 'absent' }, host, [
    'service: file → absent',
    'timer: file → absent',
    'enabled: true → false',
    'running: true → false',
  ])
  assert.deepEqual(host.commands, [`systemctl disable --now -- ${unit}`, 'systemctl daemon-reload'])
})

test('timer makes systemd read what it has not read yet', async (t) => {
  const { host } = await machine(t)
  const want = timer.props.parse(daily)
  await timer.apply('backup', want, host, await timer.check('backup', want, host))
  host.units.set(unit, { ActiveState: 'active', UnitFileState: 'enabled', NeedDaemonReload: 'yes' })
  await assertConverges(timer, 'backup', daily, host, ['daemon-reload: needed → done'])
})

test('timer writes nothing when systemd does not take the calendar', async (t) => {
  const refuses = { exitCode: 1, stderr: 'Failed to parse calendar' }
  const { host, path } = await machine(t, new FakeHost({ 'systemd-analyze calendar -- Blursday': refuses }))
  const want = timer.props.parse({ ...daily, calendar: 'Blursday' })
  await assert.rejects(
    async () => timer.apply('backup', want, host, await timer.check('backup', want, host)),
    /systemd does not take the calendar; see systemd\.time\(7\)\..*Failed to parse calendar/,
  )
  assert(!existsSync(path('service')))
})

test('timer gives each word to systemd so that it comes out as it is', () => {
  const argv = ['/bin/x', 'a b', '"', '\\', '%h', '$HOME', 'two\nlines', ';', '', 'é']
  const text = serviceText('backup', { ...timed, argv, user: 'web', cwd: '/srv/100%' })
  assert.match(text, /^User=web\nWorkingDirectory=\/srv\/100%%$/m)
  const line = text.split('\n').find((one) => one.startsWith('ExecStart='))
  assert.equal(line, String.raw`ExecStart=:"/bin/x" "a b" "\"" "\\" "%%h" "$HOME" "two\x0alines" ";" "" "é"`)
  assert.match(timerText('backup', { ...timed, splaySec: 60 }), /^Persistent=true\nRandomizedDelaySec=60$/m)
})

test('timer refuses what would be another line of a unit, or an option', () => {
  const refused = [
    { ...daily, calendar: 'daily\nUnit=other.service' },
    { ...daily, cwd: '/srv\nUser=root' },
    { ...daily, argv: ['-x'] },
    { ...daily, argv: ['@x'] },
    { ...daily, argv: ['x', 'a\0b'] },
    { ...daily, user: 'web\nGroup=root' },
  ]
  for (const props of refused) assert.equal(timer.props.safeParse(props).success, false, JSON.stringify(props))
  for (const name of ['a.timer', 'a.service', 'a b', '-a', 'a/b'])
    assert.equal(timer.name.safeParse(name).success, false, name)
  assert.match(timer.problem?.('a', timer.props.parse({ calendar: 'daily' }), {}) ?? '', /needs a calendar and an argv/)
})

test('timer shows what stands in the place of a unit', async (t) => {
  const { host, path } = await machine(t)
  mkdirSync(path('timer'))
  const changes = await timer.check('backup', timer.props.parse(daily), host)
  assert.match(shown(changes)[1] ?? '', /^timer: directory → /)
})
