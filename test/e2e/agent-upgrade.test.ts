import assert from 'node:assert/strict'
import { linkSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { buildPackages } from '../../agent/build/packages.ts'
import { type Fleet, upFleet } from '../../lab/fleet.ts'
import type { LabNode } from '../../lab/node.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { until } from '../../lab/run.ts'
import { platformHere } from '../../packaging/platform.ts'
import type { Order } from '../../protocol/views.ts'
import { handOutScript, listAndSign, scriptOf, sign, signingKey } from '../helpers/agent-handout.ts'
import { nodeDetail, onNode, roleOf, sourcesOf } from '../helpers/fleet.ts'

/** An agent that cannot start, and one that starts and never connects. */
const deaf = `echo 'this agent cannot start' >&2; exit 1`
const mute = `systemd-notify --ready; while :; do systemd-notify WATCHDOG=1; sleep 5; done`

const currentOf = (node: LabNode) => onNode(node, 'readlink', '/usr/lib/trivet/current')

async function isThere(node: LabNode, path: string) {
  return (await node.exec(['test', '-e', path])).exitCode === 0
}

async function intentOf(node: LabNode): Promise<{ phase?: string }> {
  const { exitCode, stdout } = await node.exec(['cat', '/var/lib/trivet-agent/upgrade.json'])
  return exitCode === 0 ? JSON.parse(stdout) : {}
}

describe('agents become another version by an order', { skip: whyNoLab() ?? false }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'trivet-upgrade-'))
  const platform = platformHere()
  const key = signingKey()
  const { recipes, roles } = sourcesOf(roleOf('greeted', `file('/etc/greeting', { content: 'hello\\n' })`))
  let fleet: Fleet
  let nodes: LabNode[]

  /** What the server hands out from now on. */
  function handOut(name: string) {
    rmSync(join(dir, 'new'), { force: true })
    symlinkSync(name, join(dir, 'new'))
    renameSync(join(dir, 'new'), join(dir, 'agents'))
  }
  const handOutBroken = async (version: string, otherwise: string) => {
    await handOutScript(join(dir, version), { version, platform, script: scriptOf(version, otherwise), key })
    handOut(version)
  }

  before(async () => {
    for (const version of ['1.0.0', '1.1.0'])
      await buildPackages(join(dir, version), { platforms: [platform], key: key.privateKey, version, note: () => {} })
    handOut('1.0.0')
    fleet = await upFleet({
      count: 2,
      name: 'e2e-upgrade',
      packages: ['curl'],
      recipes,
      roles,
      serverFlags: ['--agents', join(dir, 'agents')],
    })
    nodes = fleet.lab.nodes
    for (const node of nodes) {
      const { install }: { install: string } = JSON.parse(
        await fleet.mustTrivet('token', 'create', '--role', 'greeted', '--json'),
      )
      const { exitCode, stderr } = await node.exec(['sh', '-c', `cd /root && ${install}`], { timeoutMs: 240_000 })
      assert.equal(exitCode, 0, stderr)
      await fleet.mustTrivet('node', 'wait', node.name)
    }
  })
  after(async () => {
    await fleet?.down()
    rmSync(dir, { recursive: true })
  })

  const one = () => {
    const [node] = nodes
    assert(node)
    return node
  }
  const versionOf = async (node: LabNode) => (await nodeDetail(fleet, node)).facts?.agentVersion
  const give = async (...flags: string[]): Promise<Order> =>
    JSON.parse(await fleet.mustTrivet('agent', 'upgrade', one().name, '--json', ...flags))
  const ended = (order: Order) =>
    until(
      `order ${order.id} to end`,
      async () => {
        const { targets }: Order = JSON.parse(await fleet.mustTrivet('order', 'show', order.id, '--json'))
        const [target] = targets
        return target && !['waiting', 'delivered', 'started'].includes(target.state) ? target : undefined
      },
      240_000,
    )
  const atPhase = (phase: string) =>
    until(`the judge to be at ${phase}`, async () => (await intentOf(one())).phase === phase, 120_000)
  /** The version that runs, where it runs from, and nothing left of an upgrade. */
  const settled = async (node: LabNode, version: string, slot: string) => {
    assert.deepEqual([await versionOf(node), await currentOf(node)], [version, slot])
    await until(
      'nothing to be left of the upgrade',
      async () =>
        !(await isThere(node, '/var/lib/trivet-agent/upgrade.json')) &&
        !(await isThere(node, '/etc/systemd/system/trivet-upgrade.service')),
    )
    assert.equal(await onNode(node, 'systemctl', 'is-active', 'trivet-agent'), 'active')
  }

  test('one as a canary, then the other', async () => {
    handOut('1.1.0')
    const { exitCode, stdout, stderr } = await fleet.trivet('agent', 'upgrade', '--to', '1.1.0', '--canary', '1')
    assert.equal(exitCode, 0, stderr)
    assert.match(stderr, /First [\w-]+\.[^]*Then 1 other node\./)
    assert.equal(stdout.match(/1 node: 1 upgraded\./g)?.length, 2, stdout)
    for (const node of nodes) await settled(node, '1.1.0', 'a')
    const listed = await fleet.mustTrivet('node', 'list', 'agent:1.1.0', '--columns', 'node,version')
    for (const { name } of nodes) assert.match(listed, new RegExp(`${name} +1\\.1\\.0`))
    assert.match(await fleet.mustTrivet('metrics'), /^trivet_agents\{version="1\.1\.0"\} 2$/m)
    await fleet.mustTrivet('converge', one().name, '--wait')
  })

  test('one that cannot start is rolled back by itself, and what it said is reported', async () => {
    await handOutBroken('1.2.0', deaf)
    const { exitCode, stdout } = await fleet.trivet(
      'agent',
      'upgrade',
      '--to',
      '1.2.0',
      '--canary',
      '50%',
      '--patience',
      '10s',
    )
    assert.equal(exitCode, 1)
    assert.match(stdout, /1\.2\.0 was rolled back: it did not connect and make a run without a change within 10 s/)
    assert.match(stdout, /this agent cannot start/)
    for (const node of nodes) await settled(node, '1.1.0', 'a')
  })

  test('one that starts and never connects is rolled back, though the judge is killed', async () => {
    await handOutBroken('1.2.1', mute)
    const order = await give('--to', '1.2.1', '--patience', '20s')
    await atPhase('wait')
    assert.equal(await currentOf(one()), 'b')
    await onNode(one(), 'systemctl', 'kill', '--signal=KILL', 'trivet-upgrade')
    const { state, reason } = await ended(order)
    assert.deepEqual([state, reason?.startsWith('1.2.1 was rolled back')], ['failed', true], reason ?? '')
    await settled(one(), '1.1.0', 'a')
  })

  test('a machine that loses its power while it is judged ends with the old one too', async () => {
    await handOutBroken('1.2.2', deaf)
    const order = await give('--to', '1.2.2', '--patience', '60s')
    await atPhase('wait')
    await one().kill()
    await one().start()
    const { state, reason } = await ended(order)
    assert.deepEqual([state, reason?.startsWith('1.2.2 was rolled back')], ['failed', true], reason ?? '')
    await settled(one(), '1.1.0', 'a')
  })

  test('what was signed by another key is refused', async () => {
    await handOutBroken('1.3.0', mute)
    sign(join(dir, '1.3.0'), signingKey())
    const { state, reason } = await ended(await give('--to', '1.3.0'))
    assert.equal(state, 'refused')
    assert.match(reason ?? '', /not signed by the key of this agent/)
    await settled(one(), '1.1.0', 'a')
  })

  test('an older one only where that is meant', async () => {
    handOut('1.0.0')
    const refused = await ended(await give('--to', '1.0.0'))
    assert.deepEqual([refused.state, /--downgrade/.test(refused.reason ?? '')], ['refused', true])
    assert.equal((await ended(await give('--to', '1.0.0', '--downgrade'))).state, 'converged')
    await settled(one(), '1.0.0', 'b')
  })

  test('versions that lie side by side are handed out by their names, forth and back', async () => {
    mkdirSync(join(dir, 'both'))
    for (const version of ['1.0.0', '1.1.0']) {
      const archive = `trivet-agent-${version}-${platform}.tar.gz`
      linkSync(join(dir, version, archive), join(dir, 'both', archive))
    }
    listAndSign(join(dir, 'both'), key)
    handOut('both')
    assert.equal((await ended(await give('--to', '1.1.0'))).state, 'converged')
    await settled(one(), '1.1.0', 'a')
    assert.equal((await ended(await give('--to', '1.0.0', '--downgrade'))).state, 'converged')
    await settled(one(), '1.0.0', 'b')
  })

  test('a newer package takes the place of what an upgrade brought', async () => {
    handOut('1.1.0')
    const architecture = await onNode(one(), 'dpkg', '--print-architecture')
    const file = `trivet-agent_1.1.0_${architecture}.deb`
    await onNode(one(), 'curl', '-fsSk', '-o', `/root/${file}`, `${fleet.url}/agent/${file}`)
    await onNode(one(), 'dpkg', '--install', `/root/${file}`)
    await until('the agent of the package to run', async () => (await versionOf(one())) === '1.1.0', 60_000)
    await settled(one(), '1.1.0', '.')
    assert.equal(await onNode(one(), 'dpkg', '--verify', 'trivet-agent'), '')
  })
})
