import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { buildPackages } from '../../agent/build/packages.ts'
import { platformHere } from '../../packaging/platform.ts'
import { type Fleet, upFleet } from '../../lab/fleet.ts'
import type { LabNode } from '../../lab/node.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { onNode, roleOf, sourcesOf } from '../helpers/fleet.ts'

describe('a bare machine becomes a node', { skip: whyNoLab() ?? false }, () => {
  const agents = mkdtempSync(join(tmpdir(), 'trivet-packages-'))
  const { recipes, roles } = sourcesOf(roleOf('greeted', `file('/etc/greeting', { content: 'hello\\n' })`))
  const fleets: Fleet[] = []

  before(() => buildPackages(agents, { platforms: [platformHere()], note: () => {} }))
  after(async () => {
    await Promise.all(fleets.map((fleet) => fleet.down()))
    rmSync(agents, { recursive: true })
  })

  for (const os of ['trixie', 'bookworm'] as const) {
    describe(os, () => {
      let fleet: Fleet
      let node: LabNode

      before(async () => {
        fleet = await upFleet({
          count: 1,
          os,
          name: `e2e-install-${os}`,
          packages: ['curl'],
          recipes,
          roles,
          serverFlags: ['--agents', agents],
        })
        fleets.push(fleet)
        const [first] = fleet.lab.nodes
        assert(first)
        node = first
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
    })
  }
})
