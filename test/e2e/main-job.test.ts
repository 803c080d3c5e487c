import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { proveBalanced, proveEnsemble, zookeeperMode } from '../../lab/demo/prove.ts'
import { castOf } from '../../lab/demo/story.ts'
import type { Fleet } from '../../lab/fleet.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { until } from '../../lab/run.ts'
import { fleetOfSuite, nodeDetail, onNode, runsOf } from '../helpers/fleet.ts'

const repeats = 20

describe('the main job on three real nodes', { skip: whyNoLab() ?? false }, () => {
  const fleetUp = fleetOfSuite({ count: 3 })
  let fleet: Fleet
  let cast: ReturnType<typeof castOf>

  before(() => {
    fleet = fleetUp()
    cast = castOf(fleet.lab.nodes)
  })

  test('two ZooKeepers are pending, with the reason, and nothing is written', async () => {
    const [first, second] = cast.ensemble
    for (const node of [first, second]) {
      assert.ok(node)
      await fleet.mustTrivet('node', 'assign', node.name, 'base', 'zookeeper')
    }
    assert.ok(second)
    const { state, reason } = await nodeDetail(fleet, second)
    assert.equal(state, 'pending')
    assert.match(reason ?? '', /needs 3 nodes with role zookeeper/)
    const refused = await fleet.trivet('converge', second.name, '--wait')
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stdout + refused.stderr, /refused.*needs 3 nodes/s)
    assert.equal((await second.exec(['test', '-e', '/etc/zookeeper'])).exitCode, 1)
  })

  test('the third joins the role, and an ensemble of one leader and two followers comes up', async () => {
    const [, , third] = cast.ensemble
    assert.ok(third)
    await fleet.mustTrivet('node', 'assign', third.name, 'base', 'zookeeper', 'web')
    await fleet.mustTrivet('node', 'assign', cast.backends[0]?.name ?? '', 'web')
    await fleet.mustTrivet('node', 'assign', cast.balancer.name, 'haproxy')
    await fleet.mustTrivet('converge', '--all', '--wait')

    assert.deepEqual((await proveEnsemble(cast.ensemble)).toSorted(), ['follower', 'follower', 'leader'])
    const ids = await Promise.all(cast.ensemble.map((node) => onNode(node, 'cat', '/var/lib/zookeeper/myid')))
    assert.deepEqual(ids.toSorted(), ['1', '2', '3'])
    for (const node of cast.ensemble) {
      assert.match(await onNode(node, 'dpkg-query', '-W', '--showformat=${Status}', 'zookeeper'), /ok installed$/)
      assert.equal(
        await onNode(node, 'systemctl', 'show', '--property=ActiveState,Restart,UnitFileState', '--value', 'zookeeper'),
        'always\nactive\nenabled'.split('\n').join('\n'),
      )
    }
  })

  test('HAProxy answers from both web nodes', async () => {
    assert.deepEqual(
      await proveBalanced(cast.balancer, cast.backends),
      cast.backends.map(({ name }) => name).toSorted(),
    )
    await onNode(cast.balancer, 'haproxy', '-c', '-f', '/etc/haproxy/haproxy.cfg')
  })

  test(`${repeats} more converges change nothing`, async () => {
    await until('all runs that the assignments asked for to be over', async () => {
      const { exitCode } = await fleet.trivet('converge', '--all', '--wait', '--detailed-exitcodes')
      return exitCode === 0
    })
    const started = await Promise.all(
      cast.ensemble.map((node) =>
        onNode(node, 'systemctl', 'show', '--property=ExecMainStartTimestampMonotonic', 'zookeeper'),
      ),
    )
    for (let count = 1; count <= repeats; count++) {
      const { exitCode, stdout, stderr } = await fleet.trivet('converge', '--all', '--wait', '--detailed-exitcodes')
      assert.equal(exitCode, 0, `converge ${count}: ${stdout}${stderr}`)
    }
    for (const node of cast.ensemble) {
      const runs = await runsOf(fleet, node, '--limit', String(repeats))
      assert.ok(runs.every(({ outcome, counts }) => outcome === 'unchanged' && counts.changed === 0))
    }
    assert.deepEqual(
      await Promise.all(
        cast.ensemble.map((node) =>
          onNode(node, 'systemctl', 'show', '--property=ExecMainStartTimestampMonotonic', 'zookeeper'),
        ),
      ),
      started,
      'no ZooKeeper was restarted',
    )
  })

  test('a broken file, a stopped service and a removed package are repaired, and the history says so', async () => {
    const [, follower] = cast.ensemble
    assert.ok(follower)
    const good = await onNode(cast.balancer, 'cat', '/etc/haproxy/haproxy.cfg')
    await cast.balancer.write('/etc/haproxy/haproxy.cfg', '# broken by hand\n')
    await onNode(follower, 'systemctl', 'stop', 'zookeeper')
    await onNode(follower, 'systemctl', 'disable', '--quiet', 'zookeeper')

    const { exitCode, stdout } = await fleet.trivet('converge', '--all', '--wait', '--detailed-exitcodes')
    assert.equal(exitCode, 2, stdout)

    assert.equal(await onNode(cast.balancer, 'cat', '/etc/haproxy/haproxy.cfg'), good)
    assert.equal(await onNode(follower, 'systemctl', 'is-enabled', 'zookeeper'), 'enabled')
    await proveEnsemble(cast.ensemble)
    const [last] = await runsOf(fleet, cast.balancer, '--limit', '1')
    assert.ok(last)
    const shown = await fleet.mustTrivet('run', 'show', last.id, '--diff')
    assert.match(shown, /file\[\/etc\/haproxy\/haproxy\.cfg\]/)
    assert.match(shown, /-# broken by hand/)
    assert.match(shown, /reload service\[haproxy\]|service\[haproxy\].*reload/)
  })

  test('a ZooKeeper whose Java is killed comes back by itself', async () => {
    const [first] = cast.ensemble
    assert.ok(first)
    await onNode(first, 'systemctl', 'kill', '--signal=KILL', 'zookeeper')
    await until('ZooKeeper to serve again', async () => /leader|follower/.test(await zookeeperMode(first)), 60_000)
  })

  test('a changed attribute is explained, rolls out, and can be taken back', async () => {
    const [first] = cast.ensemble
    assert.ok(first)
    await fleet.mustTrivet('node', 'set', first.name, 'zookeeper.tickTime', '2500')
    const layers = await fleet.mustTrivet('node', 'explain', first.name, 'zookeeper.tickTime')
    assert.match(layers, /recipe zookeeper.*2000/)
    assert.match(layers, new RegExp(`node ${first.name}.*2500.*admin`))
    await fleet.mustTrivet('converge', first.name, '--wait')
    assert.match(await onNode(first, 'cat', '/etc/zookeeper/conf_trivet/zoo.cfg'), /^tickTime=2500$/m)
    await proveEnsemble(cast.ensemble)
    await fleet.mustTrivet('node', 'unset', first.name, 'zookeeper.tickTime')
    await fleet.mustTrivet('converge', first.name, '--wait')
    assert.match(await onNode(first, 'cat', '/etc/zookeeper/conf_trivet/zoo.cfg'), /^tickTime=2000$/m)
    await proveEnsemble(cast.ensemble)
  })

  test('a rebooted node comes back, converges, and the ensemble is whole', async () => {
    const [, , third] = cast.ensemble
    assert.ok(third)
    await third.reboot()
    await proveEnsemble(cast.ensemble, 90_000)
    await until(
      'its agent to connect and run',
      async () => {
        const { connected } = await nodeDetail(fleet, third)
        const [last] = await runsOf(fleet, third, '--limit', '1')
        return connected && last?.trigger === 'start' && last.outcome !== 'failed'
      },
      60_000,
    )
  })
})
