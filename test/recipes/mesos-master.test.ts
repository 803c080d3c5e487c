import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResourceId } from '../../protocol/catalog.ts'
import { matchesGolden } from '../helpers/golden.ts'
import { archive, clusterCatalog, refusal } from './cluster.ts'
import { ours } from './ours.ts'

const recipes = ['mesos', 'mesos-master']
const quorumIn = (name: string, masters: number, size: number) => {
  const catalog = clusterCatalog(name, {}, { masters, size })
  return catalog.ids.find((id) => id.startsWith('probe[mesos-master has quorum'))
}
const gatesOf = (name: string, masters: number, size: number) => {
  const catalog = clusterCatalog(name, {}, { masters, size })
  return catalog.ids.flatMap((id): [string, unknown][] => {
    const { recipe, props } = catalog.get(id)
    return id.startsWith('gate[') && recipe === 'mesos-master' ? [[id.slice(5, -1), props.atLeast]] : []
  })
}
const zookeeper: [string, unknown][] = [['zookeeper has a quorum, for mesos-master', 2]]

test('a master is as agreed', async () => {
  const resources = clusterCatalog('m1').readable()
  await matchesGolden(
    'test/golden/mesos-master.json',
    resources.filter(({ recipe }) => recipes.includes(recipe)),
  )
})

test('the quorum is more than half of the masters, not of what ZooKeeper has', () => {
  for (const [size, quorum] of [
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
  ] as const)
    assert.equal(quorumIn('m1', 5, size), `probe[mesos-master has quorum ${quorum}]`)
  const own = clusterCatalog('m1', { 'mesos-master.ensembleSize': 3 }, { masters: 5, size: 5 })
  assert(own.has('probe[mesos-master has quorum 2]'))
  assert.equal(own.get('gate[zookeeper has a quorum, for mesos-master]').props.atLeast, 3)
})

test('the masters of a new cluster start as soon as ZooKeeper serves, but no more at once than the quorum', () => {
  assert.deepEqual(gatesOf('m1', 3, 3), zookeeper)
  assert.deepEqual(gatesOf('m2', 3, 3), zookeeper)
  assert.deepEqual(gatesOf('m3', 3, 3), [...zookeeper, ['2 masters have quorum 2', 2]])
})

test('from 3 to 5: the old get the new quorum by their leases, and each new one starts when all before it have it', () => {
  const voters: [string, unknown][] = [['zookeeper has a quorum, for mesos-master', 3]]
  for (const old of ['m1', 'm2', 'm3']) assert.deepEqual(gatesOf(old, 5, 5), voters)
  assert.deepEqual(gatesOf('m4', 5, 5), [...voters, ['3 masters have quorum 3', 3]])
  assert.deepEqual(gatesOf('m5', 5, 5), [...voters, ['4 masters have quorum 3', 4]])
  const { props } = clusterCatalog('m4', {}, { masters: 5, size: 5 }).get('gate[3 masters have quorum 3]')
  assert.equal(props.probe, 'probe[mesos-master has quorum 3]')
  const probe = clusterCatalog('m1', {}, { masters: 5, size: 5 }).get('probe[mesos-master has quorum 3]').props.http
  assert.match(JSON.stringify(probe), /:5050\/flags/)
})

test('from 5 to 3: two end for good when the others are well, and only then the quorum falls', () => {
  const stays = clusterCatalog('m1', {}, { masters: 5, size: 3 })
  stays.assertOrder(
    'gate[mesos-master stands still on m4, m5]',
    'file[/etc/default/mesos-master]',
    'directory[/etc/mesos-master]',
    'service[mesos-master]',
  )
  assert.equal(stays.get('gate[mesos-master stands still on m4, m5]').props.atLeast, 2)
  const goes = clusterCatalog('m4', {}, { masters: 5, size: 3 })
  goes.assertOrder(
    'gate[the masters are well without m4]',
    'file[/etc/mesos/mesos-master.ready]',
    'service[mesos-master]',
    'probe[mesos-master stands still]',
  )
  assert.equal(goes.get('file[/etc/mesos/mesos-master.ready]').props.ensure, 'absent')
  assert.equal(goes.get('service[mesos-master]').props.running, false)
})

test('4 of 5 or of 4 have the quorum of 5, so that growing on from there changes it no more', () => {
  assert.equal(quorumIn('m1', 4, 4), quorumIn('m1', 5, 5))
})

test('no master can start before its gates are open: not by its package, and not by a reboot', () => {
  const catalog = clusterCatalog('m3')
  const dropIn = 'file[/etc/systemd/system/mesos-master.service.d/ready.conf]'
  assert.match(catalog.text(dropIn), /^\[Unit\]\nConditionPathExists=\/etc\/mesos\/mesos-master\.ready$/m)
  catalog.assertOrder(
    dropIn,
    'service[mesos-slave]',
    'pkg[mesos]',
    'file[/etc/mesos/zk]',
    'directory[/etc/mesos-master]',
    'gate[zookeeper has a quorum, for mesos-master]',
    'gate[2 masters have quorum 2]',
    'file[/etc/mesos/mesos-master.ready]',
    'service[mesos-master]',
  )
})

test('on a master mesos-slave is masked before the package comes, on a slave mesos-master', () => {
  for (const [node, masked] of [
    ['m1', 'service[mesos-slave]'],
    ['s11', 'service[mesos-master]'],
  ] as const) {
    const catalog = clusterCatalog(node)
    assert.equal(catalog.get(masked).props.masked, true)
    catalog.assertOrder(masked, 'pkg[mesos]', 'file[/etc/mesos/zk]')
  }
})

test('what mesos recommends, which is ZooKeeper, does not come along', () => {
  assert.equal(clusterCatalog('s11').get('pkg[mesos]').props.recommends, false)
})

test('the directory of flags has what the recipe says and nothing else, and the quorum of 1 of the package does not come back', () => {
  const { props } = clusterCatalog('m1').get('directory[/etc/mesos-master]')
  assert.equal(props.purge, true)
  assert.deepEqual(Object.keys({ ...Object(props.content) }).toSorted(), ['hostname', 'ip', 'quorum', 'work_dir'])
})

test('masters restart one at a time with the log of the others whole, the elected one last', () => {
  const { lease } = clusterCatalog('m1').get('service[mesos-master]')
  assert.equal(lease?.max, 1)
  assert.equal(lease?.until, 'probe[mesos-master has its log]')
  const expect = new RegExp(lease?.last?.http?.expect ?? '')
  assert.match('{"master\\/elected":1.0,"master\\/uptime_secs":5}', expect)
  assert.match('{"master/elected": 1}', expect)
  assert.doesNotMatch('{"master\\/elected":0.0,"a":1.0}', expect)
  assert.doesNotMatch('{"master\\/elected":10,"a":1.0}', expect)
})

test('health is an answer that leads to the elected master, as a master without one answers too', () => {
  const { http } = clusterCatalog('m2').get('probe[mesos-master]').props
  assert.deepEqual(http, { url: 'http://10.0.0.2:5050/redirect', status: 307 })
})

test('a restart of ZooKeeper restarts nothing of Mesos', () => {
  const catalog = clusterCatalog('m1')
  const targets = catalog.ids
    .filter((id) => catalog.get(id).recipe === 'zookeeper')
    .flatMap((id) => catalog.get(id).notifies.map(({ target }) => target))
  assert.deepEqual([...new Set(targets)].toSorted(), [
    'exec[use conf_trivet as /etc/zookeeper/conf]',
    'service[zookeeper]',
  ] satisfies ResourceId[])
})

test('without a source the node is refused, and told what to set', () => {
  assert.match(
    refusal('m1', { 'mesos.source': undefined }),
    /attribute mesos\.source is not set: .*trivet cluster set CLUSTER mesos\.source '\{"deb":\{"url":/,
  )
  assert.match(
    refusal('m1', { 'mesos.source': { ...archive, deb: archive.archive } }),
    /exactly one of apt, deb and archive/,
  )
})

test('from an archive a unit of our own starts the program as it is, with its flags in the environment', () => {
  const catalog = clusterCatalog('m1', { 'mesos.source': archive })
  assert.match(catalog.text('systemd_unit[mesos-master.service]'), /^ExecStart=\/opt\/mesos\/sbin\/mesos-master$/m)
  const environment = catalog.text('file[/etc/default/mesos-master]')
  for (const line of ['MESOS_ZK=file:///etc/mesos/zk', 'MESOS_QUORUM=2', 'MESOS_PORT=5050', 'MESOS_IP=10.0.0.1'])
    assert.match(environment, new RegExp(`^${line}$`, 'm'))
  assert(!catalog.has('directory[/etc/mesos-master]'))
})

test('all recipes and roles of the cluster load', () => {
  for (const name of ['mesos-master', 'mesos-slave', 'marathon', 'docker', 'sample-job'])
    assert(ours.roles.has(name), name)
})
