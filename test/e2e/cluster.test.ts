import assert from 'node:assert/strict'
import { before as beforeAll, describe, test } from 'node:test'
import { proveApp, proveSlaves } from '../../lab/demo/cluster-prove.ts'
import { servicePort } from '../../lab/demo/cluster-story.ts'
import { proveEnsemble } from '../../lab/demo/prove.ts'
import type { LabNode } from '../../lab/node.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { until } from '../../lab/run.ts'
import { nodeDetail, onNode } from '../helpers/fleet.ts'
import { type Cluster, clusterOfSuite } from '../helpers/mesos-cluster.ts'
import { DownWatch, GetWatch } from '../helpers/watch.ts'

const [masterCount, slaveCount] = [3, 9]
/** A Marathon that ended is started anew after a minute, as its unit says, and an agent of Mesos is given up after 75 s. */
const recoveryMs = 240_000

const mainPid = (node: LabNode, unit: string) =>
  onNode(node, 'systemctl', 'show', '--property=MainPID', '--value', unit)

describe('a Mesos cluster of 3 masters and 9 slaves', { skip: whyNoLab() ?? false }, () => {
  const clusterUp = clusterOfSuite(masterCount, slaveCount)
  let cluster: Cluster

  beforeAll(() => {
    cluster = clusterUp()
  })

  const trivet = (...args: string[]) => cluster.fleet.mustTrivet(...args)
  /** All who are there are as they should be, and so is the cluster itself. */
  async function whole(slaves = cluster.slaves) {
    await proveEnsemble(cluster.masters, recoveryMs)
    await proveSlaves(cluster.masters, slaves.length, recoveryMs)
    await proveApp(slaves, servicePort, recoveryMs)
    await until('all probes of all nodes to be well', () => areWell([...cluster.masters, ...slaves]), recoveryMs)
  }

  async function areWell(nodes: LabNode[]) {
    const details = await Promise.all(nodes.map((node) => nodeDetail(cluster.fleet, node)))
    return details.every(
      ({ connected, probes }) => connected && Object.values(probes).every((trouble) => trouble === null),
    )
  }

  test('twelve bare nodes come up by their roles alone, and then nothing changes any more', async (t) => {
    const startedAt = performance.now()
    await trivet('node', 'wait', '--all', '--for', '14m')
    await whole()
    t.diagnostic(`up after ${Math.round((performance.now() - startedAt) / 1000)} s`)
    const { exitCode, stdout } = await cluster.fleet.trivet('converge', '--all', '--wait', '--detailed-exitcodes')
    assert.equal(exitCode, 0, stdout)
  })

  test('who must not run somewhere is masked there, and stray flags are gone', async () => {
    const [master, slave] = [cluster.masters[0], cluster.slaves[0]]
    assert.ok(master && slave)
    assert.equal(await onNode(master, 'systemctl', 'show', '--property=LoadState', '--value', 'mesos-slave'), 'masked')
    assert.equal(await onNode(slave, 'systemctl', 'show', '--property=LoadState', '--value', 'mesos-master'), 'masked')
    await slave.write('/etc/mesos-slave/hostname~', 'left by an editor\n')
    await trivet('converge', slave.name, '--wait')
    assert.ok(!(await onNode(slave, 'ls', '/etc/mesos-slave')).includes('~'))
    await trivet('node', 'wait', slave.name)
  })

  test('a change rolls through all ZooKeepers while every request to the app is answered', async () => {
    const get = new GetWatch(`http://${cluster.slaves[0]?.address}:${servicePort}/`)
    get.start()
    await trivet('cluster', 'set', 'default', 'zookeeper.tickTime', '2500')
    await trivet('node', 'wait', '--all', '--for', '10m')
    await get.stop()
    assert.deepEqual(get.failures, [], `of ${get.looks} requests`)
    await whole()
  })

  test('a slave that becomes another starts as new, and one that restarts for anything else is who it was', async () => {
    const slave = cluster.slaves[5]
    assert.ok(slave)
    const idOf = () => onNode(slave, 'readlink', '/var/lib/mesos/meta/slaves/latest')
    const before = await idOf()
    await trivet('node', 'set', slave.name, 'mesos-slave.flags', '{"gc_delay":"1days"}')
    await trivet('node', 'wait', slave.name)
    assert.equal(await idOf(), before)
    await trivet('node', 'set', slave.name, 'mesos-slave.attributes', '{"rack":"a1"}')
    await trivet('node', 'wait', slave.name)
    assert.notEqual(await idOf(), before)
    await whole()
  })

  test('slaves that ask for a reboot go a fifth at a time, each back in service before the next', async () => {
    const asking = cluster.slaves.slice(0, 5)
    const boots = () => Promise.all(asking.map((node) => node.bootId()))
    const before = await boots()
    const down = new DownWatch(asking, 5051)
    down.start()
    await Promise.all(asking.map((node) => node.write('/run/reboot-required', '*** System restart required ***\n')))
    await Promise.all(asking.map(({ name }) => trivet('node', 'assign', name, 'kernel')))
    await trivet('node', 'wait', '--all', '--for', '10m')
    await down.stop()
    assert.equal(down.mostDown, 1, `of five at most one was away at a time in ${down.looks} looks`)
    const after = await boots()
    assert.ok(after.every((boot, index) => boot !== before[index]))
    await whole()
  })

  test('each kind of daemon comes back after kill -9', async () => {
    const [master, slave] = [cluster.masters[1], cluster.slaves[1]]
    assert.ok(master && slave)
    const kinds: [LabNode, string][] = [
      ...['zookeeper', 'mesos-master', 'marathon', 'trivet-agent'].map((unit): [LabNode, string] => [master, unit]),
      ...['mesos-slave', 'haproxy', 'trivet-bridge', 'trivet-agent'].map((unit): [LabNode, string] => [slave, unit]),
    ]
    const pids = await Promise.all(kinds.map(([node, unit]) => mainPid(node, unit)))
    await Promise.all(
      kinds.map(([node, unit]) => onNode(node, 'systemctl', 'kill', '--signal=KILL', '--kill-who=main', unit)),
    )
    await until(
      'all of them to run again',
      async () => {
        const now = await Promise.all(kinds.map(([node, unit]) => mainPid(node, unit)))
        return now.every((pid, index) => pid !== '0' && pid !== pids[index])
      },
      recoveryMs,
    )
    await whole()
  })

  test('a master and two slaves lose their power, and one slave its network for a minute', async () => {
    const [master, ...slaves] = [cluster.masters[2], cluster.slaves[2], cluster.slaves[3]]
    const lonely = cluster.slaves[4]
    assert.ok(master && lonely)
    const dark = slaves.flatMap((slave) => slave ?? [])
    await Promise.all([master, ...dark].map((node) => node.kill()))
    await lonely.cut()
    const left = cluster.slaves.filter((node) => node !== lonely && !dark.includes(node))
    await proveSlaves(cluster.masters.slice(0, 2), left.length, recoveryMs)
    await proveApp(left, servicePort, recoveryMs)
    await lonely.heal()
    await Promise.all([master, ...dark].map((node) => node.start()))
    await whole()
  })

  test('a slave more, a slave less', async () => {
    const { fleet, slaves } = cluster
    const added = await fleet.lab.addNode()
    await fleet.join(added, ['--role', 'slave'])
    await trivet('node', 'wait', added.name, '--for', '10m')
    await whole([...slaves, added])

    await added.kill()
    await trivet('node', 'revoke', added.name, '--yes')
    await proveSlaves(cluster.masters, slaves.length, recoveryMs)
    assert.ok(!(await trivet('node', 'list')).includes(added.name))
  })

  test('a master is replaced: the new one has its number, and the others keep theirs', async () => {
    const { fleet, masters } = cluster
    const [first, second, dead] = masters
    assert.ok(first && second && dead)
    const ordinalsOf = async (nodes: LabNode[]) =>
      Promise.all(nodes.map(async (node) => (await nodeDetail(fleet, node)).ordinals['master']))
    const before = await ordinalsOf(masters)
    await dead.kill()
    await trivet('node', 'revoke', dead.name, '--yes')
    const added = await fleet.lab.addNode()
    await fleet.join(added, ['--role', 'master', '--role', 'sample-job'])
    cluster.masters = [first, second, added]
    await trivet('node', 'wait', '--all', '--for', '10m')
    assert.deepEqual(await ordinalsOf([first, second]), before.slice(0, 2))
    await whole()
    const { exitCode, stdout } = await fleet.trivet('converge', '--all', '--wait', '--detailed-exitcodes')
    assert.equal(exitCode, 0, stdout)
  })
})
