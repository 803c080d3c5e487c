import assert from 'node:assert/strict'
import { before as beforeAll, describe, test } from 'node:test'
import { z } from 'zod'
import { proveSlaves, readText } from '../../lab/demo/cluster-prove.ts'
import { proveEnsemble, zookeeperMode } from '../../lab/demo/prove.ts'
import type { LabNode } from '../../lab/node.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { nodeDetail, onNode } from '../helpers/fleet.ts'
import { type Cluster, clusterOfSuite } from '../helpers/mesos-cluster.ts'
import { Writer } from '../helpers/zookeeper-writer.ts'

const Flags = z.object({ flags: z.object({ quorum: z.string() }) })

/** As decision 010 has it: by one at a time, from the lowest number of master up. */
describe('the masters of a Mesos cluster become five, and three again', { skip: whyNoLab() ?? false }, () => {
  const clusterUp = clusterOfSuite(5, 1, { 'zookeeper.ensembleSize': 3 })
  let cluster: Cluster
  let masters: LabNode[]

  beforeAll(async () => {
    cluster = clusterUp()
    await settled()
    // Numbers are given as nodes join, and these joined at the same time.
    const numbers = await Promise.all(cluster.masters.map((node) => nodeDetail(cluster.fleet, node)))
    const ordinalOf = (node: LabNode) => numbers.find(({ name }) => name === node.name)?.ordinals['master'] ?? 0
    masters = cluster.masters.toSorted((a, b) => ordinalOf(a) - ordinalOf(b))
  })

  const trivet = (...args: string[]) => cluster.fleet.mustTrivet(...args)
  const settled = () => trivet('node', 'wait', '--all', '--for', '10m')

  /** So many masters are in ZooKeeper and Mesos, with the quorum of their number; the others stand still. */
  async function provesToBe(size: number) {
    const members = masters.slice(0, size)
    await proveEnsemble(members)
    await proveSlaves(members, 1)
    for (const member of members) {
      const { flags } = Flags.parse(JSON.parse((await readText(`http://${member.address}:5050/flags`)) ?? '{}'))
      assert.equal(flags.quorum, String(Math.floor(size / 2) + 1), `quorum of ${member.name}`)
    }
    for (const spare of masters.slice(size)) {
      assert.match(await zookeeperMode(spare), /ECONNREFUSED/, `${spare.name} stands still`)
      assert.equal(
        await onNode(spare, 'systemctl', 'show', '--property=ActiveState', '--value', 'mesos-master'),
        'inactive',
      )
    }
  }

  async function becomes(size: number) {
    await trivet('cluster', 'set', 'default', 'zookeeper.ensembleSize', String(size))
    await settled()
    await provesToBe(size)
  }

  test('those with the lowest numbers are the ensemble, and whoever joined beyond it is spare', async () => {
    await provesToBe(3)
  })

  test('from three to five and back no acknowledged write is lost', async (t) => {
    const writer = new Writer(masters.slice(0, 3).map(({ address }) => address))
    await writer.start()
    let lost: string[]
    try {
      for (const size of [4, 5, 4, 3]) await becomes(size)
    } finally {
      lost = await writer.stop()
    }
    assert.deepEqual(lost, [])
    t.diagnostic(`${writer.acknowledged.length} writes, the longest ${writer.longestMs} ms`)
  })

  test('two more at once are refused where the majorities would not meet, and one more heals it', async () => {
    await trivet('cluster', 'set', 'default', 'zookeeper.ensembleSize', '5')
    const { exitCode, stdout } = await cluster.fleet.trivet('converge', '--all', '--wait')
    assert.notEqual(exitCode, 0)
    assert.match(stdout, /two majorities could decide apart/)
    await proveEnsemble(masters.slice(0, 3))
    await becomes(4)
  })
})
