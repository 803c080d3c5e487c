import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { type Fleet, upFleet } from '../../../lab/fleet.ts'
import { openNode } from '../../../lab/remote.ts'
import { whyNoLab } from '../../../lab/requirements.ts'
import { until } from '../../../lab/run.ts'
import { consoleLog } from '../../../lab/state.ts'
import { type Boot, readBoot } from '../../../launcher/boot-phase.ts'
import { userData, type UserData } from '../../../launcher/user-data.ts'
import { builtPackages, onNode, roleOf, sourcesOf } from '../../helpers/fleet.ts'

const bootMs = 240_000
const waits = ({ phase, reason }: Boot) => phase === 'server' && /Failed to connect/.test(reason.join('\n'))

describe('a machine becomes a node by its user data', { skip: whyNoLab() ?? false }, () => {
  const { recipes, roles } = sourcesOf(roleOf('greeted', `file('/etc/greeting', { content: 'hello\\n' })`))
  let fleet: Fleet

  const up = async (os: 'trixie' | 'bookworm', packages: string[]) => {
    fleet = await upFleet({
      count: 0,
      os,
      name: `e2e-boot-${os}`,
      packages: ['cloud-init', ...packages],
      recipes,
      roles,
      serverFlags: ['--agents', await builtPackages()],
    })
  }
  const createToken = async () => {
    const created: { token: string; installer: string } = JSON.parse(
      await fleet.mustTrivet('token', 'create', '--role', 'greeted', '--json'),
    )
    return created
  }
  const dataFor = async (node: string, more: Partial<UserData> = {}) =>
    userData({ node, url: fleet.url, ...(await createToken()), ...more })
  const launch = async (name: string, text: string) => {
    await fleet.lab.launchNode({ name, labels: {}, instance: randomUUID(), userData: text })
    return until(`${name} to be entered`, async () => {
      const { node } = await openNode(name)
      return (await node.exec(['true']).catch(() => undefined))?.exitCode === 0 && node
    })
  }
  const consoleOf = (name: string) => readFileSync(consoleLog(fleet.lab.name, name), 'utf8')
  const told = (name: string, what: string, isSo: (boot: Boot) => boolean) =>
    until(
      () => `${name} to tell ${what}. Its console: ${consoleOf(name)}`,
      async () => isSo(readBoot(consoleOf(name))),
      bootMs,
    )
  const joined = (name: string) => told(name, 'that it joined', ({ phase }) => phase === 'joined')

  describe('trixie', () => {
    before(() => up('trixie', ['curl']))
    after(() => fleet.down())

    test('it joins, converges, and tells its phases', async () => {
      const text = await dataFor('boot-web-1')
      const node = await launch('boot-web-1', text)
      await joined('boot-web-1')
      assert.deepEqual(
        [...consoleOf('boot-web-1').matchAll(/trivet-boot: phase (\S+)/g)].map(([, phase]) => phase),
        ['begin', 'server', 'join', 'start', 'joined'],
      )
      await fleet.mustTrivet('node', 'wait', 'boot-web-1')
      assert.equal(await onNode(node, 'cat', '/etc/greeting'), 'hello')
      assert.match(await onNode(node, 'cloud-init', 'status', '--wait'), /status: done/)
    })

    test('its token is for root alone to read afterwards, wherever cloud-init keeps it', async () => {
      const { node } = await openNode('boot-web-1')
      const secret = /^invitation='(.*)'$/m.exec(
        await onNode(node, 'cat', '/var/lib/cloud/instance/scripts/part-001'),
      )?.[1]
      assert(secret)
      const found = await onNode(node, 'grep', '-rlsF', '--', secret, '/var', '/etc', '/run/cloud-init', '/root')
      const files = found.split('\n')
      assert(
        files.some((file) => file.endsWith('/scripts/part-001')),
        found,
      )
      for (const file of files) {
        const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'cat', '--', file]
        assert.notEqual((await node.exec(asNobody)).exitCode, 0, `${file} is for everybody to read`)
      }
      assert.notEqual((await node.exec(['test', '-e', '/var/lib/cloud/scripts/per-boot/trivet-boot'])).exitCode, 0)
    })

    test('run again it changes nothing', async () => {
      const { node } = await openNode('boot-web-1')
      const pid = ['systemctl', 'show', '--property=MainPID', 'trivet-agent']
      const was = await onNode(node, ...pid)
      await onNode(node, 'sh', '/var/lib/cloud/instance/scripts/part-001')
      assert.equal(await onNode(node, ...pid), was)
      assert.equal(readBoot(consoleOf('boot-web-1')).phase, 'joined')
    })

    test('a machine that is to be an image has the agent, and nothing that two may not share', async () => {
      const node = await launch('boot-oven', await dataFor('boot-oven', { bakes: true }))
      await told('boot-oven', 'that it is baked', ({ phase }) => phase === 'baked')
      assert.equal(readBoot(consoleOf('boot-oven')).failed, false)
      assert.match(await onNode(node, 'trivet-agent', '--version'), /^trivet-agent \d/)
      const shared = [
        '/var/lib/trivet-agent/identity.json',
        '/etc/ssh/ssh_host_ed25519_key',
        '/var/log/trivet-boot.log',
      ]
      for (const path of shared) assert.equal((await node.exec(['test', '-e', path])).exitCode, 1, path)
      assert.equal(await onNode(node, 'cat', '/etc/machine-id'), '')
      // The seed is what the metadata service is on EC2: not of the image.
      const found = await node.exec(['grep', '-rls', '--exclude-dir=seed', "invitation='", '/var/lib/cloud'])
      assert.equal(found.stdout, '')
      assert.equal((await fleet.trivet('node', 'show', 'boot-oven')).exitCode, 1)
    })

    test('a baked image joins by the token alone', async () => {
      const { node } = await openNode('boot-web-1')
      await onNode(node, 'systemctl', 'disable', '--now', 'trivet-agent')
      await onNode(node, 'rm', '-r', '/var/lib/trivet-agent', '/etc/greeting')
      await node.write('/root/baked', await dataFor('boot-web-2', { installer: undefined }), '0600')
      await onNode(node, 'sh', '/root/baked')
      await fleet.mustTrivet('node', 'wait', 'boot-web-2')
      assert.equal(await onNode(node, 'cat', '/etc/greeting'), 'hello')
    })

    test('a wrong token is told with phase and reason on the console', async () => {
      const { token } = await createToken()
      const other = token.replace(/[0-9a-f]{64}$/, '0'.repeat(64))
      await launch('boot-web-3', await dataFor('boot-web-3', { token: other }))
      await told('boot-web-3', 'that it failed', ({ failed }) => failed)
      await told('boot-web-3', 'why', ({ reason }) => reason.length > 0)
      const { phase, reason } = readBoot(consoleOf('boot-web-3'))
      assert.equal(phase, 'join')
      assert.match(reason.join('\n'), /is not the server that the token was made by[^]*Nothing was installed/)
    })

    test('a token that was used is told with the server’s words; another script is not run', async () => {
      const { token } = await createToken()
      const { node } = await openNode('boot-web-3')
      const fails = async (more: Partial<UserData>, inPhase: string, why: RegExp) => {
        await node.write('/root/data', await dataFor('boot-web-3', more), '0600')
        assert.equal((await node.exec(['sh', '/root/data'], { timeoutMs: bootMs })).exitCode, 1)
        // What was written to a console is in its log a little later.
        await told('boot-web-3', String(why), ({ phase, reason }) => phase === inPhase && why.test(reason.join('\n')))
      }
      await fleet.mustTrivet('token', 'delete', token.split('.')[0] ?? '')
      await fails({ token }, 'join', /refused to enrol boot-web-3/)
      await fails({ installer: '0'.repeat(64) }, 'server', /hands out another install script/)
      const elsewhere = { url: `${fleet.url.slice(0, -1)}1`, patienceSeconds: 2 }
      await fails(elsewhere, 'server', /Failed to connect[^]*waited 2 seconds in vain/)
    })

    test('a server that is away is waited for, over a reboot too; the dead man’s switch is off when it has joined', async () => {
      const text = await dataFor('boot-web-4', { deadMansMinutes: 60 })
      await fleet.stopServer('SIGTERM')
      const node = await launch('boot-web-4', text)
      await told('boot-web-4', 'that it waits for the server', waits)
      await onNode(node, 'test', '-e', '/run/systemd/shutdown/scheduled')
      await onNode(node, 'systemctl', '--no-block', 'reboot')
      await told('boot-web-4', 'that the reboot cut it off', ({ failed }) => failed)
      await told('boot-web-4', 'that it waits again', waits)
      await fleet.startServer()
      await joined('boot-web-4')
      await fleet.mustTrivet('node', 'wait', 'boot-web-4')
      assert.notEqual((await node.exec(['test', '-e', '/run/systemd/shutdown/scheduled'])).exitCode, 0)
    })
  })

  describe('bookworm, without curl', () => {
    before(() => up('bookworm', []))
    after(() => fleet.down())

    test('it installs curl, joins and converges', async () => {
      const node = await launch('boot-old-1', await dataFor('boot-old-1'))
      await joined('boot-old-1')
      assert.match(consoleOf('boot-old-1'), /trivet-boot: phase curl/)
      await fleet.mustTrivet('node', 'wait', 'boot-old-1')
      assert.equal(await onNode(node, 'cat', '/etc/greeting'), 'hello')
    })
  })
})
