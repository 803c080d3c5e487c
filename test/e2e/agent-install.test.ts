import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { buildAgentDeb } from '../../agent/build/deb.ts'
import { buildPackages } from '../../agent/build/packages.ts'
import { architectures, platformHere } from '../../packaging/platform.ts'
import { type Fleet, upFleet } from '../../lab/fleet.ts'
import type { LabNode } from '../../lab/node.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { until } from '../../lab/run.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { onNode, roleOf, runsOf, sourcesOf } from '../helpers/fleet.ts'

describe('a bare machine becomes a node', { skip: whyNoLab() ?? false }, () => {
  const agents = mkdtempSync(join(tmpdir(), 'trivet-packages-'))
  const { recipes, roles } = sourcesOf(roleOf('greeted', `file('/etc/greeting', { content: 'hello\\n' })`))
  const fleets: Fleet[] = []

  const platform = platformHere()
  const debOf = (version: string) => `trivet-agent_${version}_${architectures[platform]}.deb`
  const newer = '9.0.0'

  before(async () => {
    await buildPackages(agents, { platforms: [platform], note: () => {} })
    await buildAgentDeb(join(agents, platform), platform, newer, join(agents, debOf(newer)))
  })
  after(async () => {
    await Promise.all(fleets.map((fleet) => fleet.down()))
    rmSync(agents, { recursive: true })
  })

  for (const os of ['trixie', 'bookworm'] as const) {
    describe(os, () => {
      let fleet: Fleet
      let node: LabNode
      let byPackage: LabNode

      before(async () => {
        fleet = await upFleet({
          count: 2,
          os,
          name: `e2e-install-${os}`,
          packages: ['curl'],
          binds: [{ from: agents, to: '/opt/agents' }],
          recipes,
          roles,
          serverFlags: ['--agents', agents],
        })
        fleets.push(fleet)
        const [first, second] = fleet.lab.nodes
        assert(first && second)
        node = first
        byPackage = second
      })

      const create = async (...flags: string[]) => {
        const created: { join: string; install: string } = JSON.parse(
          await fleet.mustTrivet('token', 'create', '--role', 'greeted', '--json', ...flags),
        )
        return created
      }
      const install = (line: string) => node.exec(['sh', '-c', `cd /root && ${line}`], { timeoutMs: 120_000 })

      test('by the line that goes with its token, with nothing on it but curl', async () => {
        assert.equal((await node.exec(['sh', '-c', 'command -v node npm trivet-agent'])).stdout, '')
        const { exitCode, stderr } = await install((await create()).install)
        assert.equal(exitCode, 0, stderr)
        await fleet.mustTrivet('node', 'wait', node.name)
        assert.equal(await onNode(node, 'cat', '/etc/greeting'), 'hello')
        assert.equal(await onNode(node, 'systemctl', 'is-enabled', 'trivet-agent'), 'enabled')
      })

      test('once more, and nothing is other than before', async () => {
        const was = await onNode(node, 'systemctl', 'show', '--property=MainPID', 'trivet-agent')
        const { exitCode, stderr } = await install((await create()).install)
        assert.equal(exitCode, 0, stderr)
        assert.match(stderr, /installed already[^]*joined already/)
        assert.equal(await onNode(node, 'systemctl', 'show', '--property=MainPID', 'trivet-agent'), was)
      })

      test('not from a server that the token is not of', async () => {
        const { install: line } = await create()
        const forged = line.replace(/\.[0-9a-f]{64}@/, `.${'0'.repeat(64)}@`)
        const { exitCode, stderr } = await install(forged)
        assert.equal(exitCode, 1)
        assert.match(stderr, /is not the server that the token was made by[^]*Nothing was installed/)
      })

      test('not by a script that is another', async () => {
        const { install: line } = await create()
        const { exitCode, stderr } = await install(line.replace(/'[0-9a-f]{64} {2}/, `'${'0'.repeat(64)}  `))
        assert.notEqual(exitCode, 0)
        assert.match(stderr, /did NOT match/)
      })

      const apt = (...argv: string[]) => onNode(byPackage, 'apt-get', '--yes', '--quiet', ...argv)
      const state = (property: string) =>
        onNode(byPackage, 'systemctl', 'show', '--value', `--property=${property}`, 'trivet-agent')

      test('by the package, which starts nothing before it has joined', async () => {
        await apt('install', `/opt/agents/${debOf(packageJson.version)}`)
        assert.equal(await state('ActiveState'), 'inactive')
        const { token } = JSON.parse(await fleet.mustTrivet('token', 'create', '--role', 'greeted', '--json'))
        const joined = await byPackage.exec(['trivet-agent', 'join', '-'], { input: `${token}@${fleet.url}` })
        assert.equal(joined.exitCode, 0, joined.stderr)
        await onNode(byPackage, 'systemctl', 'enable', '--now', '--quiet', 'trivet-agent')
        await fleet.mustTrivet('node', 'wait', byPackage.name)
        assert.equal(await onNode(byPackage, 'cat', '/etc/greeting'), 'hello')
      })

      test('by a newer package, and it is the node that it was', async () => {
        const [pid, count] = [await state('MainPID'), (await runsOf(fleet, byPackage)).length]
        await apt('install', `/opt/agents/${debOf(newer)}`)
        await until('the new agent to run', async () => !['0', pid].includes(await state('MainPID')))
        await fleet.mustTrivet('converge', byPackage.name, '--wait')
        assert((await runsOf(fleet, byPackage)).length > count)
      })

      test('removed it stops and keeps its key, purged it leaves nothing', async () => {
        await apt('remove', 'trivet-agent')
        assert.equal(await state('ActiveState'), 'inactive')
        await onNode(byPackage, 'test', '-e', '/var/lib/trivet-agent/identity.json')
        await apt('purge', 'trivet-agent')
        for (const path of [
          '/var/lib/trivet-agent',
          '/var/cache/trivet-agent',
          '/usr/lib/trivet',
          '/usr/bin/trivet-agent',
        ])
          await onNode(byPackage, 'test', '!', '-e', path)
      })
    })
  }
})
