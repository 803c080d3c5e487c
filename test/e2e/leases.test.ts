import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { proveEnsemble, zookeeperMode } from '../../lab/demo/prove.ts'
import type { Fleet } from '../../lab/fleet.ts'
import type { LabNode } from '../../lab/node.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { until } from '../../lab/run.ts'
import type { NodeSummary } from '../../protocol/views.ts'
import { fleetOfSuite, nodeDetail, onNode } from '../helpers/fleet.ts'
import { Watch } from '../helpers/watch.ts'
import { Writer } from '../helpers/zookeeper-writer.ts'

const rollMs = 240_000

describe('a change rolls through an ensemble of five', { skip: whyNoLab() ?? false }, () => {
  const fleetUp = fleetOfSuite({ count: 5 })
  let fleet: Fleet
  let nodes: LabNode[]

  before(async () => {
    fleet = fleetUp()
    nodes = fleet.lab.nodes
    await fleet.mustTrivet('cluster', 'set', 'default', 'zookeeper.ensembleSize', '5')
    await Promise.all(nodes.map(({ name }) => fleet.mustTrivet('node', 'assign', name, 'base', 'zookeeper')))
    await fleet.mustTrivet('converge', '--all', '--wait')
    await proveEnsemble(nodes, 120_000)
    await settled()
  })

  /** Nothing is under way, owed or waited for any more. */
  async function settled(timeoutMs = rollMs) {
    let seen = ''
    await until(
      () => `all nodes to have done what they owe; they say: ${seen}`,
      async () => {
        const details = await Promise.all(nodes.map((node) => nodeDetail(fleet, node)))
        seen = details.map(({ name, state, owed }) => `${name} ${state} ${owed.join(', ')}`).join('; ')
        return details.every(({ state, owed }) => owed.length === 0 && ['changed', 'unchanged'].includes(state))
      },
      timeoutMs,
    )
  }

  const startedAt = async (node: LabNode) =>
    Number(
      await onNode(node, 'systemctl', 'show', '--property=ExecMainStartTimestampMonotonic', '--value', 'zookeeper'),
    )

  async function leader() {
    const modes = await Promise.all(nodes.map(zookeeperMode))
    const found = nodes[modes.indexOf('leader')]
    assert.ok(found, `there is no leader: ${modes.join(', ')}`)
    return found
  }

  test('one after another, the leader last, never two down at once, and no write is lost', async () => {
    const [led, writer, watch] = [await leader(), new Writer(nodes.map(({ address }) => address)), new Watch(nodes)]
    const before = await Promise.all(nodes.map(startedAt))
    await writer.start()
    watch.start()

    await fleet.mustTrivet('cluster', 'set', 'default', 'zookeeper.tickTime', '2500')
    await until(
      'every ZooKeeper to have been restarted',
      async () => (await Promise.all(nodes.map(startedAt))).every((time, index) => time > (before[index] ?? Infinity)),
      rollMs,
    )
    await settled()

    const lost = await writer.stop()
    assert.deepEqual(lost, [])
    assert.ok(writer.acknowledged.length > 100, `only ${writer.acknowledged.length} writes were made`)
    const { mostDown, looks } = watch.stop()
    assert.equal(mostDown, 1, `of five at most one was down at a time in ${looks} looks`)
    const times = await Promise.all(nodes.map(startedAt))
    assert.equal(nodes[times.indexOf(Math.max(...times))]?.name, led.name, 'the leader went last')
    console.log(`    ${writer.acknowledged.length} writes, the longest ${writer.longestMs} ms; ${looks} looks`)
  })

  test('a bad change stops at the first node, which is shown, and the good value heals it', async () => {
    await fleet.mustTrivet('cluster', 'set', 'default', 'zookeeper.quorumWithinMs', '15000')
    await settled()
    // Where its peers do not ask for it, it finds no leader.
    await fleet.mustTrivet('cluster', 'set', 'default', 'zookeeper.electionPort', '2888')

    const failed = await until(
      'one node to have failed',
      async () => {
        const list: NodeSummary[] = JSON.parse(await fleet.mustTrivet('node', 'list', '--json'))
        return list.find(({ state }) => state === 'failed')
      },
      rollMs,
    )
    const leases = await fleet.mustTrivet('lease', 'list')
    assert.match(leases, new RegExp(`zookeeper.*${failed.name}`))
    await until('the others to wait', async () => /waits|wait/.test(await fleet.mustTrivet('lease', 'list')))
    const modes = await Promise.all(nodes.filter(({ name }) => name !== failed.name).map(zookeeperMode))
    assert.deepEqual(modes.toSorted(), ['follower', 'follower', 'follower', 'leader'], 'all others serve')

    await fleet.mustTrivet('cluster', 'set', 'default', 'zookeeper.electionPort', '3888')
    await settled()
    await proveEnsemble(nodes)
    assert.equal(JSON.parse(await fleet.mustTrivet('lease', 'list', '--json')).length, 0)
  })
})
