import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Lab, upLab } from '../../../lab/lab.ts'
import type { LabNode } from '../../../lab/node.ts'
import { whyNoLab } from '../../../lab/requirements.ts'
import { type CatalogResource, sha256 } from '../../../protocol/catalog.ts'
import type { Report } from '../../../protocol/events.ts'
import { builtAgent, onNode } from '../../helpers/fleet.ts'

const skip = whyNoLab() ?? false
const state = '/var/lib/trivet-agent'
const agent = '/usr/lib/trivet/trivet-agent'
/** Small, without a daemon, and wanted by nothing that the base has. */
const small = 'sl'

type Declared = [type: string, name: string, props: Record<string, unknown>]

/** Gives the node a catalog as a server would have left it there, with text for blobs, and converges it without a server. */
async function converge(node: LabNode, ...declared: Declared[]): Promise<Report> {
  const resources: CatalogResource[] = []
  for (const [type, name, props] of declared) {
    const { content } = props
    if (typeof content === 'string') {
      const hash = sha256(content)
      await node.write(`${state}/blobs/${hash.slice(0, 2)}/${hash}`, content)
      props.content = { sha256: hash, bytes: content.length }
    }
    resources.push({ type, name, recipe: `${type}-${name}`, declaredAt: 'test', props, notifies: [] })
  }
  await node.write(`${state}/catalog.json`, JSON.stringify({ node: node.name, resources }))
  const { stdout, stderr } = await node.exec([agent, 'converge', '--offline', '--json'], { timeoutMs: 300_000 })
  assert(stdout, stderr)
  return JSON.parse(stdout)
}

/** Converges twice: the first time changes just these, the second nothing. */
async function assertConverges(node: LabNode, changed: string[], ...declared: Declared[]) {
  const first = await converge(node, ...structuredClone(declared))
  assert.deepEqual(
    first.events.map(({ id, outcome, ...rest }) => `${id} ${outcome}${'error' in rest ? `: ${rest.error}` : ''}`),
    changed.map((id) => `${id} changed`),
  )
  const second = await converge(node, ...structuredClone(declared))
  assert.deepEqual(second.events, [])
  assert.equal(second.run.counts.unchanged, declared.length)
}

function errorOf({ events }: Report, id: string) {
  const event = events.find((one) => one.id === id)
  assert(event?.outcome === 'failed', `${id}: ${event?.outcome ?? 'unchanged'}`)
  return event.error
}

const unit = (line: string) => `[Service]\n${line}\n[Install]\nWantedBy=multi-user.target\n`

describe('resources on a real node', { skip }, () => {
  let lab: Lab
  let node: LabNode
  const on = (...argv: string[]) => onNode(node, ...argv)

  before(async () => {
    lab = await upLab({ count: 1, name: 'e2e-resources', binds: [{ from: await builtAgent(), to: '/usr/lib/trivet' }] })
    const [first] = lab.nodes
    assert(first)
    node = first
    const identity = { url: 'https://192.0.2.1:1', ca: '', caSha256: '', node: node.name, id: 'offline' }
    await node.write(`${state}/identity.json`, JSON.stringify(identity), '0600')
  })
  after(() => lab?.down())

  const status = (name: string) => on('sh', '-c', `dpkg-query -W -f='\${Status}' ${name} 2>/dev/null || echo none`)

  test('pkg installs, leaves what is not there to fail alone, removes and purges', async () => {
    const report = await converge(
      node,
      ['pkg', small, {}],
      ['pkg', 'no-such-package', {}],
      ['pkg', 'tree', { recommends: false }],
    )
    assert.match(errorOf(report, 'pkg[no-such-package]'), /There is no package no-such-package in the node's sources/)
    assert.equal(await status(small), 'install ok installed')
    assert.equal(await status('tree'), 'install ok installed')
    await assertConverges(
      node,
      [`pkg[${small}]`, 'pkg[tree]'],
      ['pkg', small, { ensure: 'absent' }],
      ['pkg', 'tree', { ensure: 'purged' }],
    )
    assert.equal(await status('tree'), 'none')
  })

  test('pkg installs exactly the version that is asked for, and says which there are', async () => {
    const version = (await on('apt-cache', 'madison', small)).split('|')[1]?.trim()
    await assertConverges(node, [`pkg[${small}]`], ['pkg', small, { version }])
    const report = await converge(node, ['pkg', small, { version: '0-never' }])
    assert.match(errorOf(report, `pkg[${small}]`), /has no version 0-never in the node's sources\. There is: /)
  })

  test('pkg finishes what a killed dpkg left half done', async () => {
    await on('sh', '-c', `cd /tmp && apt-get download -qq tree && dpkg --unpack tree_*.deb`)
    assert.equal(await status('tree'), 'install ok unpacked')
    await assertConverges(node, ['pkg[tree]'], ['pkg', 'tree', {}])
    await on('dpkg', '--audit')
    assert.equal(await status('tree'), 'install ok installed')
  })

  test('group and user are made, changed and removed, and own files in the same run', async () => {
    const declared: Declared[] = [
      ['group', 'operators', { gid: 3000 }],
      [
        'user',
        'web',
        {
          uid: 3001,
          group: 'operators',
          groups: ['adm'],
          home: '/srv/web',
          createHome: true,
          shell: '/bin/sh',
          comment: 'The web',
        },
      ],
      ['file', '/srv/web/hello', { content: 'hello\n', mode: '0640', owner: 'web', group: 'operators' }],
    ]
    await assertConverges(node, ['group[operators]', 'user[web]', 'file[/srv/web/hello]'], ...declared)
    assert.equal(await on('id', 'web'), 'uid=3001(web) gid=3000(operators) groups=3000(operators),4(adm)')
    assert.equal(await on('stat', '-c', '%U:%G %a', '/srv/web/hello'), 'web:operators 640')
    await assertConverges(node, ['user[web]'], ['user', 'web', { shell: '/usr/sbin/nologin', comment: 'Was the web' }])
    assert.match(await on('getent', 'passwd', 'web'), /:Was the web:\/srv\/web:\/usr\/sbin\/nologin$/)
    await assertConverges(node, ['group[operators]'], ['group', 'operators', { members: ['root', 'web'] }])
    await assertConverges(node, ['group[operators]'], ['group', 'operators', { members: [] }])
    await assertConverges(
      node,
      ['user[web]', 'group[operators]'],
      ['user', 'web', { ensure: 'absent' }],
      ['group', 'operators', { ensure: 'absent' }],
    )
  })

  test('systemd_unit and service bring a unit up, keep it, mask it, and take it away', async () => {
    const declared: Declared[] = [
      ['systemd_unit', 'idler.service', { content: unit('ExecStart=/usr/bin/sleep infinity') }],
      ['service', 'idler', { running: true, enabled: true }],
    ]
    await assertConverges(node, ['systemd_unit[idler.service]', 'service[idler]'], ...declared)
    assert.equal(await on('systemctl', 'is-active', 'idler'), 'active')
    await on('systemctl', 'stop', 'idler')
    await on('systemctl', 'disable', 'idler')
    await assertConverges(node, ['service[idler]'], ...declared)
    await assertConverges(node, ['service[idler]'], ['service', 'idler', { running: false, enabled: false }])
    await assertConverges(
      node,
      ['systemd_unit[idler.service]'],
      ['systemd_unit', 'idler.service', { ensure: 'absent' }],
    )
    await assertConverges(node, ['service[idler]'], ['service', 'idler', { masked: true }])
    await assertConverges(node, ['service[idler]'], ['service', 'idler', { masked: false }])
  })

  test('service notices a drop-in that systemd has not read', async () => {
    const dropIns = '/etc/systemd/system/systemd-journald.service.d'
    const declared: Declared[] = [
      ['directory', dropIns, {}],
      ['file', `${dropIns}/nice.conf`, { content: '[Service]\nNice=5\n' }],
      ['service', 'systemd-journald', { running: true }],
    ]
    const first = await converge(node, ...structuredClone(declared))
    assert.deepEqual(
      first.events.map(({ id, outcome }) => `${id} ${outcome}`).at(-1),
      'service[systemd-journald] changed',
    )
    assert.equal(await on('systemctl', 'show', '-P', 'NeedDaemonReload', 'systemd-journald'), 'no')
  })

  test('service that falls over fails with exit status and the last lines of its log', async () => {
    const report = await converge(
      node,
      [
        'systemd_unit',
        'faller.service',
        { content: unit("ExecStart=/bin/sh -c 'echo no such disk; sleep 0.2; exit 7'\nRestart=always\nRestartSec=1") },
      ],
      ['service', 'faller', { running: true }],
    )
    assert.match(
      errorOf(report, 'service[faller]'),
      /faller\.service did not stay up after start: it exited with 7.*\nIts last log lines:\n[^]*no such disk/,
    )
    await assertConverges(node, ['service[faller]'], ['service', 'faller', { running: false }])
  })

  test('service says what is wrong with units that are not there, or cannot be enabled', async () => {
    const missing = await converge(node, ['service', 'never-heard-of', { running: true }])
    assert.match(
      errorOf(missing, 'service[never-heard-of]'),
      /Declare the pkg or systemd_unit that brings never-heard-of\.service/,
    )
    const report = await converge(
      node,
      ['systemd_unit', 'bare.service', { content: '[Service]\nExecStart=/usr/bin/sleep infinity\n' }],
      ['service', 'bare', { enabled: true }],
    )
    assert.match(errorOf(report, 'service[bare]'), /bare\.service has no \[Install\] section/)
  })
})
