import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { buildPackages } from '../../agent/build/packages.ts'
import { type Lab, upLab } from '../../lab/lab.ts'
import type { LabNode } from '../../lab/node.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { until } from '../../lab/run.ts'
import { platformHere } from '../../packaging/platform.ts'
import { buildServer } from '../../packaging/server/build.ts'
import { onNode } from '../helpers/fleet.ts'

/** Of ten; a unit that does nothing against it has 9.6. */
const mostExposed = 2

describe('a bare machine serves, by the package', { skip: whyNoLab() ?? false }, () => {
  const built = mkdtempSync(join(tmpdir(), 'trivet-built-'))
  const unit = 'trivet-server.service'
  let lab: Lab
  let server: LabNode
  let node: LabNode

  const deb = (version: string) =>
    buildServer({ to: built, agents: join(built, 'agents'), version, env: process.env, note: () => {} })
  const trivet = (...args: string[]) => onNode(server, 'trivet', ...args)
  const property = (name: string) => onNode(server, 'systemctl', 'show', '--value', `--property=${name}`, unit)
  const install = (path: string) =>
    onNode(server, 'apt-get', 'install', '--yes', '--quiet', '--no-install-recommends', `/opt/built/${basename(path)}`)
  const runsOf = async () => JSON.parse(await trivet('run', 'list', '--json')).map(({ id }: { id: string }) => id)
  const waitUntilConnected = () => trivet('node', 'wait', node.name)
  let debs: string[] = []

  before(async () => {
    await buildPackages(join(built, 'agents'), { platforms: [platformHere()], note: () => {} })
    debs = [await deb('0.1.0'), await deb('0.1.1')]
    const binds = [{ from: built, to: '/opt/built' }]
    lab = await upLab({ count: 2, name: 'e2e-server', packages: ['curl'], binds })
    const [one, other] = lab.nodes
    assert(one && other)
    ;[server, node] = [one, other]
  })
  after(async () => {
    await lab?.down()
    rmSync(built, { recursive: true })
  })

  test('it is installed where there is no Node.js, and starts nothing by itself', async () => {
    assert.equal((await server.exec(['sh', '-c', 'command -v node npm trivet'])).stdout, '')
    await install(debs[0] ?? '')
    assert.equal(await trivet('--version'), 'trivet 0.1.0')
    assert.equal(await property('ActiveState'), 'inactive')
  })

  test('trivet server init sets it up, and the unit runs as a user of its own', async () => {
    const line = await trivet('server', 'init', '--example', '--systemd')
    assert.match(line, /^trivet login \S+@https:\/\/[\d.]+:8443$/)
    assert.equal(await property('ActiveState'), 'active')
    const pid = await property('MainPID')
    const owner = await onNode(server, 'stat', '-c', '%u', `/proc/${pid}`)
    assert.notEqual(owner, '0')
    assert.equal(await onNode(server, 'stat', '-c', '%a %u', '/var/lib/private/trivet'), `700 ${owner}`)
    assert.equal(await onNode(server, 'stat', '-c', '%a %u', '/var/lib/private/trivet/trivet.db'), `600 ${owner}`)
    await trivet('login', line.split(' ').at(-1) ?? '')
  })

  test('once more, it changes nothing and tells no token', async () => {
    const pid = await property('MainPID')
    const { exitCode, stdout, stderr } = await server.exec(['trivet', 'server', 'init', '--example', '--systemd'])
    assert.equal(exitCode, 0, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, /is set up already/)
    assert.equal(await property('MainPID'), pid)
    assert.doesNotMatch(await onNode(server, 'journalctl', '--unit', unit, '--output=cat'), /trivet login/)
  })

  test('it is sandboxed', async () => {
    const told = await onNode(server, 'systemd-analyze', 'security', '--no-pager', unit)
    const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(told)?.[1])
    assert(exposure < mostExposed, told)
  })

  test('what Containerfile runs is there, and its check of health is true', async () => {
    const recipe = readFileSync(new URL('../../Containerfile', import.meta.url), 'utf8')
    const [program = '']: string[] = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(recipe)?.[1] ?? '[]')
    assert.equal(await onNode(server, program, '--version'), 'trivet 0.1.0')
    const health: string[] = JSON.parse(/^\s+CMD (\[.*\])$/m.exec(recipe)?.[1] ?? '[]')
    await onNode(server, ...health)
    const elsewhere = health.map((word) => word.replace('8443', '8444'))
    assert.equal((await server.exec(elsewhere)).exitCode, 1)
  })

  test('a machine becomes a node by the line that its token goes with, and converges', async () => {
    const created: { install: string } = JSON.parse(await trivet('token', 'create', '--role', 'hello', '--json'))
    await onNode(node, 'sh', '-c', `cd /root && ${created.install}`)
    await waitUntilConnected()
    assert.equal(await onNode(node, 'cat', '/etc/motd'), `hello from ${node.name}`)
  })

  test('kill -9 has it started again', async () => {
    const pid = await property('MainPID')
    await onNode(server, 'systemctl', 'kill', '--signal=KILL', unit)
    await until('the server to be there again', async () => {
      const now = await property('MainPID')
      return !['0', pid].includes(now) && (await property('ActiveState')) === 'active'
    })
    await waitUntilConnected()
  })

  test('a newer package takes its place, and its nodes and history stay', async () => {
    const were = await runsOf()
    assert(were.length > 0)
    await install(debs[1] ?? '')
    assert.equal(await trivet('--version'), 'trivet 0.1.1')
    await waitUntilConnected()
    const since = await runsOf()
    assert.deepEqual(since.slice(-were.length), were)
    await trivet('converge', node.name, '--wait')
  })

  test('removed it keeps what it remembers, purged it does not, and recipes stay', async () => {
    await onNode(server, 'apt-get', 'remove', '--yes', '--quiet', 'trivet-server')
    await onNode(server, 'test', '-e', '/var/lib/private/trivet/trivet.db')
    await onNode(server, 'apt-get', 'purge', '--yes', '--quiet', 'trivet-server')
    await onNode(server, 'test', '!', '-e', '/var/lib/private/trivet')
    await onNode(server, 'test', '!', '-L', '/var/lib/trivet')
    await onNode(server, 'test', '-e', '/etc/trivet/roles/hello.ts')
  })
})
