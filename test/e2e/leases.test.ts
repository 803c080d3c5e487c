import assert from 'node:assert/strict'
import { before as beforeAll, describe, test } from 'node:test'
import { proveEnsemble, zookeeperMode } from '../../lab/demo/prove.ts'
import type { Fleet } from '../../lab/fleet.ts'
import type { LabNode } from '../../lab/node.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { until } from '../../lab/run.ts'
import type { NodeSummary } from '../../protocol/views.ts'
import { fleetOfSuite, onNode } from '../helpers/fleet.ts'
import { DownWatch, GetWatch } from '../helpers/watch.ts'
import { Writer } from '../helpers/zookeeper-writer.ts'

const rollMs = 240_000

const startedAt = async (node: LabNode) =>
  Number(await onNode(node, 'systemctl', 'show', '--property=ExecMainStartTimestampMonotonic', '--value', 'zookeeper'))

describe('a change rolls through an ensemble of five', { skip: whyNoLab() ?? false }, () => {
  // Java and what else ZooKeeper needs is in the base of the nodes: e2e main-job installs it.
  const fleetUp = fleetOfSuite({ count: 5, packages: ['zookeeper'] })
  let fleet: Fleet
  let nodes: LabNode[]

  beforeAll(async () => {
    fleet = fleetUp()
    nodes = fleet.lab.nodes
    await fleet.mustTrivet('cluster', 'set', 'default', 'zookeeper.ensembleSize', '5')
    const also = ['haproxy', 'web', 'web', 'base', 'base']
    await Promise.all(
      nodes.map(({ name }, index) => fleet.mustTrivet('node', 'assign', name, 'base', 'zookeeper', also[index] ?? '')),
    )
    await settled()
    await proveEnsemble(nodes)
  })

  /** Nothing is under way, owed or waited for any more. */
  const settled = () => fleet.mustTrivet('node', 'wait', '--all', '--for', '10m')

  async function leader() {
    const modes = await Promise.all(nodes.map(zookeeperMode))
    const found = nodes[modes.indexOf('leader')]
    assert.ok(found, `there is no leader: ${modes.join(', ')}`)
    return found
  }

  test('one after another, the leader last, never two down at once, and no write is lost', async (t) => {
    const [led, before] = [await leader(), await Promise.all(nodes.map(startedAt))]
    const writer = new Writer(nodes.map(({ address }) => address))
    const [down, get] = [new DownWatch(nodes, 2181), new GetWatch(`http://${nodes[0]?.address}/`)]
    await writer.start()
    down.start()
    get.start()

    await fleet.mustTrivet('cluster', 'set', 'default', 'zookeeper.tickTime', '2500')
    await settled()

    const lost = await writer.stop()
    assert.deepEqual(lost, [])
    assert.ok(writer.acknowledged.length > 100, `only ${writer.acknowledged.length} writes were made`)
    await Promise.all([down.stop(), get.stop()])
    assert.equal(down.mostDown, 1, `of five at most one was down at a time in ${down.looks} looks`)
    assert.deepEqual(get.failures, [], `of ${get.looks} requests`)
    const times = await Promise.all(nodes.map(startedAt))
    times.forEach((time, index) => assert.ok(time > (before[index] ?? 0), `${nodes[index]?.name} was restarted`))
    assert.equal(nodes[times.indexOf(Math.max(...times))]?.name, led.name, 'the leader went last')
    const { acknowledged, longestMs } = writer
    t.diagnostic(
      `${acknowledged.length} writes, the longest ${longestMs} ms; ${get.looks} requests; ${down.looks} looks`,
    )
  })

  test('a bad change stops at the first node, which is shown, and the good value heals it', async () => {
    await fleet.mustTrivet('cluster', 'set', 'default', 'zookeeper.quorumWithinMs', '30000')
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
