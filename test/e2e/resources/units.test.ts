import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { until } from '../../../lab/run.ts'
import { acceptance, type Machine } from '../../helpers/acceptance.ts'

const properties = ['LoadState', 'ActiveState', 'SubState', 'UnitFileState', 'Type', 'NeedDaemonReload']
const node = '/opt/node/bin/node'
const inside = '/opt/units.cjs'
const program = build({
  entryPoints: [fileURLToPath(new URL('units-inside.ts', import.meta.url))],
  bundle: true,
  platform: 'node',
  write: false,
})

const sleeps = '[Service]\nType=exec\nExecStart=/usr/bin/sleep infinity\n'
const made = {
  'runs.service': `${sleeps}[Install]\nWantedBy=multi-user.target\nAlias=called.service\n`,
  'fails.service': '[Service]\nType=oneshot\nExecStart=/usr/bin/false\n',
  'done.service': '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/bin/true\n',
  'comes-again.service': '[Service]\nExecStart=/usr/bin/false\nRestart=always\nRestartSec=600\n',
  'bad.service': '[Service]\nType=simple\n',
  'stale.service': sleeps,
  'many@.service': `${sleeps}[Install]\nWantedBy=multi-user.target\n`,
  'ticks.timer': '[Timer]\nOnCalendar=yearly\nUnit=done.service\n[Install]\nWantedBy=timers.target\n',
  'indirect.service': `${sleeps}[Install]\nAlso=runs.service\n`,
}
/** `LoadState ActiveState SubState UnitFileState Type NeedDaemonReload`, where an empty one is a dash. */
const expected = {
  'runs.service': 'loaded active running enabled exec no',
  'called.service': 'loaded active running enabled exec no',
  'fails.service': 'loaded failed failed static oneshot no',
  'done.service': 'loaded active exited static oneshot no',
  'comes-again.service': 'loaded activating auto-restart static simple no',
  'bad.service': 'bad-setting inactive dead static simple no',
  'stale.service': 'loaded active running static exec yes',
  'many@1.service': 'loaded active running enabled exec no',
  'many@a\\x2db.service': 'loaded active running disabled exec no',
  'many@2.service': 'loaded inactive dead disabled exec no',
  'ticks.timer': 'loaded active waiting enabled - no',
  'indirect.service': 'loaded inactive dead indirect exec no',
  'linked.service': 'loaded inactive dead linked exec no',
  'masked.service': 'masked inactive dead masked - no',
  'masked-for-now.service': 'masked inactive dead masked-runtime - no',
  'old.service': 'loaded inactive dead generated forking no',
  'passing.service': 'loaded active running transient simple no',
  'never-heard-of.service': 'not-found inactive dead - - no',
  'never-heard-of.timer': 'not-found inactive dead - - no',
}

async function makeUnits({ node: lab, on }: Machine) {
  await lab.write(inside, (await program).outputFiles[0]?.text ?? '')
  for (const [name, text] of Object.entries(made)) await lab.write(`/etc/systemd/system/${name}`, text)
  await lab.write('/opt/linked.service', sleeps)
  const header = '### BEGIN INIT INFO\n# Provides: old\n# Default-Start:\n# Default-Stop:\n### END INIT INFO\n'
  await lab.write('/etc/init.d/old', `#!/bin/sh\n${header}`, '0755')
  await on('systemctl', 'daemon-reload')
  await on('systemctl', 'link', '/opt/linked.service')
  await on('systemctl', 'mask', 'masked.service')
  await on('systemctl', 'mask', '--runtime', 'masked-for-now.service')
  await on('systemctl', 'enable', '--now', 'runs.service', 'ticks.timer', 'many@1.service')
  await on('systemctl', 'start', 'done.service', 'stale.service', 'comes-again.service', 'many@a\\x2db.service')
  await lab.exec(['systemctl', 'start', 'fails.service'])
  await on('systemd-run', '--quiet', '--unit=passing', 'sleep', 'infinity')
  await on('touch', '-d', '+1 hour', '/etc/systemd/system/stale.service')
}

type States = Record<string, Record<string, string> | string>

async function read({ on }: Machine, names: string[]): Promise<States> {
  return JSON.parse(await on(node, inside, 'read', ...names))
}

async function shown({ on }: Machine, names: string[]): Promise<States> {
  const said = await on('systemctl', 'show', `--property=${properties.join(',')}`, '--', ...names)
  const paragraphs = said.split('\n\n')
  assert.equal(paragraphs.length, names.length)
  const value = (index: number, property: string) =>
    new RegExp(`^${property}=(.*)$`, 'm').exec(paragraphs[index] ?? '')?.[1] ?? ''
  const state = (index: number) => Object.fromEntries(properties.map((property) => [property, value(index, property)]))
  return Object.fromEntries(names.map((name, index) => [name, state(index)]))
}

function lineOf(state: States[string] | undefined) {
  assert(typeof state === 'object')
  return properties.map((property) => state[property] || '-').join(' ')
}

/** Watches on the node until the test is over. */
async function watching(t: TestContext, { node: lab, on }: Machine, names: string[]) {
  const output = '/run/told'
  const toFile = `--property=StandardOutput=append:${output}`
  await lab.write(output, '')
  await on('systemd-run', '--quiet', '--unit=watcher', toFile, node, inside, 'watch', ...names)
  t.after(() => on('systemctl', 'stop', 'watcher'))
  const lines = async () => (await on('cat', output)).split('\n')
  await until('the watch to begin', async () => (await lines()).includes('watching'))
  /** What `act` does tells of all these units, and of no others. */
  const tells = async (wanted: string[], act: () => Promise<unknown>) => {
    const before = (await lines()).length
    await act()
    let seen: string[] = []
    const sawAll = async () => {
      seen = (await lines()).slice(before)
      return wanted.every((name) => seen.includes(name))
    }
    await until(() => `${wanted.join(', ')} to be told; told was ${seen.join(', ')}`, sawAll, 20_000)
    assert.deepEqual([...new Set(seen)].toSorted(), wanted.toSorted())
  }
  return { tells }
}

const absent = (name: string) => `systemd_unit('${name}', { ensure: 'absent' })\n`

acceptance('units', {}, (machine) => {
  test('states of all kinds are those that systemctl shows, without systemctl', async () => {
    await makeUnits(machine())
    const names = Object.keys(expected)
    const states = await read(machine(), names)
    assert.deepEqual(Object.fromEntries(names.map((name) => [name, lineOf(states[name])])), expected)

    const listed = await machine().on('systemctl', 'list-units', '--all', '--plain', '--no-legend')
    const files = await machine().on('systemctl', 'list-unit-files', '--plain', '--no-legend')
    const found = `${listed}\n${files}`.split('\n').map((line) => line.split(' ')[0] ?? '')
    const all = [...new Set([...found, ...names])].filter((name) => name && !name.includes('@.'))
    assert(all.length > 150)
    assert.deepEqual(await read(machine(), all), await shown(machine(), all))
  })

  test('a template has no state, and takes none from the others', async () => {
    const { 'many@.service': template, 'done.service': done } = await read(machine(), ['many@.service', 'done.service'])
    assert(typeof template === 'string')
    assert.match(template, /no state of many@\.service: .* Name an instance of this template\./)
    assert.equal(lineOf(done), expected['done.service'])
  })

  test('a run that changes nothing asks systemd without systemctl', async () => {
    const { converge, on } = machine()
    const body = `service('runs', { running: true, enabled: true })\nservice('masked', { masked: true })`
    assert.equal((await converge(body)).run.counts.unchanged, 2)
    await on('chmod', 'a-x', '/usr/bin/systemctl')
    assert.equal((await converge(body)).run.counts.unchanged, 2)
    await on('chmod', 'a+x', '/usr/bin/systemctl')
  })

  test('what happens to units is told, by every name they are watched by, and what only looks at them is not', async (t) => {
    const { on } = machine()
    const all = ['runs.service', 'called.service', 'done.service', 'linked.service', 'never-heard-of.service']
    const { tells } = await watching(t, machine(), all)
    const [runs, called] = all
    assert(runs && called)
    // Both are loaded for it only, and dropped again.
    await tells([], () => read(machine(), ['linked.service', 'never-heard-of.service']))
    await tells([runs, called], () => on('systemctl', 'stop', runs))
    await tells([runs, called], () => on('systemctl', 'start', called))
    await tells([runs, called], () => on('systemctl', 'kill', '--signal=KILL', runs))
    await tells(['linked.service'], () => on('systemctl', 'start', 'linked'))
    await tells(all, () => on('systemctl', 'disable', '--no-reload', 'ticks.timer'))
    await tells(all, () => on('systemctl', 'mask', 'never-heard-of.service'))
    await tells(all, () => on('systemctl', 'daemon-reload'))
    await tells(['done.service'], () => on('systemctl', 'stop', 'done.service'))
  })

  test('systemd may execute itself anew: watches go on, and reads are made again', async (t) => {
    const { on } = machine()
    const all = ['runs.service', 'done.service']
    const { tells } = await watching(t, machine(), all)
    await tells(all, () => on('systemctl', 'daemon-reexec'))
    await tells(['done.service'], () => on('systemctl', 'start', 'done.service'))
    const reads = async () => {
      for (let count = 0; count < 10; count++) {
        assert.equal(lineOf((await read(machine(), ['done.service']))['done.service']), expected['done.service'])
      }
    }
    await Promise.all([reads(), on('systemctl', 'daemon-reexec').then(() => on('systemctl', 'daemon-reexec'))])
  })

  const on = (...argv: string[]) => machine().on(...argv)
  const show = (unit: string) => on('systemctl', 'show', '-P', 'LoadState', '-P', 'ActiveState', '--', unit)
  const text = `${sleeps}[Install]\nWantedBy=multi-user.target\n`
  const declare = (name: string) => `systemd_unit('${name}', { content: ${JSON.stringify(text)} })\n`

  test('a unit that goes is stopped and disabled, as planned, and what comes after sees it', async () => {
    await machine().converge(`${declare('ends.service')} service('ends', { running: true, enabled: true })`)
    assert.equal(await show('ends.service'), 'loaded\nactive')
    await machine().threeWays(`${absent('ends.service')} service('ends', { running: false })`, [
      'systemd_unit[ends.service]',
    ])
    assert.equal(await show('ends.service'), 'not-found\ninactive')
    assert.equal(await on('find', '/etc/systemd/system', '-name', 'ends*'), '')
    assert.doesNotMatch(await on('systemctl', 'list-units', '--all', '--plain'), /ends/)
  })

  test('a template that goes takes its instances along', async () => {
    await machine().converge(`${declare('each@.service')} service('each@1', { running: true, enabled: true })`)
    await on('systemctl', 'start', 'each@2')
    await machine().threeWays(absent('each@.service'), ['systemd_unit[each@.service]'])
    for (const name of ['each@1.service', 'each@2.service']) assert.equal(await show(name), 'not-found\ninactive')
    assert.equal(await on('find', '/etc/systemd/system', '-name', 'each*'), '')
  })

  test('a unit that goes leaves alone what a package has by the same name', async () => {
    const name = 'stays.service'
    await machine().node.write(`/usr/lib/systemd/system/${name}`, text)
    await machine().converge(`${declare(name)} service('stays', { running: true, enabled: true })`)
    await machine().threeWays(absent(name), [`systemd_unit[${name}]`])
    assert.equal(await show(name), 'loaded\nactive')
    assert.equal(await on('systemctl', 'is-enabled', name), 'enabled')
  })
})
