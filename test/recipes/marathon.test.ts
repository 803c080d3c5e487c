import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesGolden } from '../helpers/golden.ts'
import { nodeOf } from '../helpers/sources.ts'
import { archive, clusterCatalog, refusal, sources } from './cluster.ts'
import { catalogOfNode } from './ours.ts'

test('Marathon is as agreed', async () => {
  const resources = clusterCatalog('m1').readable()
  await matchesGolden(
    'test/golden/marathon.json',
    resources.filter(({ recipe }) => recipe === 'marathon'),
  )
})

test('from 1.5 on the environment is all, and a switch has no value', () => {
  const text = clusterCatalog('m1', {
    'marathon.flags': { zk_compression: false, metrics_prometheus: true, disable_http: true, framework_name: 'a b' },
    'marathon.environment': { JAVA_HOME: '/opt/java8' },
  }).text('file[/etc/default/marathon]')
  for (const line of [
    'JAVA_HOME=/opt/java8',
    'MARATHON_MASTER=zk://10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181/mesos',
    'MARATHON_ZK=zk://10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181/marathon',
    'MARATHON_HOSTNAME=10.0.0.1',
    'MARATHON_HTTP_PORT=8080',
    'MARATHON_MESOS_USER=root',
    'MARATHON_DISABLE_ZK_COMPRESSION=',
    'MARATHON_METRICS_PROMETHEUS=',
    'MARATHON_DISABLE_HTTP=',
    'MARATHON_FRAMEWORK_NAME="a b"',
  ])
    assert(text.split('\n').includes(line), line)
})

test('up to 1.4 a directory is the command line, and the environment has no flags', () => {
  const catalog = clusterCatalog('m1', {
    'marathon.version': '1.4.13',
    'marathon.flags': { event_subscriber: 'http_callback', zk_compression: false, metrics: true },
  })
  const { purge, content } = catalog.get('directory[/etc/marathon/conf]').props
  assert.equal(purge, true)
  assert.deepEqual(Object.keys({ ...Object(content) }).toSorted(), [
    '?disable_zk_compression',
    '?metrics',
    'event_subscriber',
    'hostname',
    'http_port',
    'master',
    'mesos_user',
    'task_launch_timeout',
    'zk',
  ])
  assert.equal(catalog.text('file[/etc/default/marathon]'), '# Managed by Trivet, recipe marathon.\n')
})

test('what cannot be said in the environment is refused: capitals, and a variable that would be a flag', () => {
  assert.match(
    refusal('m1', { 'marathon.flags': { killBatchDuration: 5 } }),
    /killBatchDuration: .* names have no capitals/,
  )
  assert.match(
    refusal('m1', { 'marathon.environment': { MARATHON_URL: 'a' } }),
    /is a flag of Marathon; set it in flags/,
  )
})

test('it starts once a master is elected, wherever its unit comes from, and restarts one at a time, the leader last', () => {
  const catalog = clusterCatalog('m1')
  catalog.assertOrder(
    'file[/etc/systemd/system/marathon.service.d/ready.conf]',
    'pkg[marathon]',
    'file[/etc/default/marathon]',
    'gate[a mesos-master is elected, for marathon]',
    'file[/etc/marathon/marathon.ready]',
    'service[marathon]',
    'probe[marathon]',
  )
  assert.deepEqual(catalog.get('service[marathon]').lease, {
    group: 'marathon',
    max: 1,
    until: 'probe[marathon]',
    last: { http: { url: 'http://127.0.0.1:8080/v2/info', expect: '"elected":\\s*true' } },
  })
  const unpacked = clusterCatalog('m1', { 'marathon.source': archive })
  assert.match(unpacked.text('systemd_unit[marathon.service]'), /^ExecStart=\/opt\/marathon\/bin\/marathon$/m)
})

test('without a source the node is refused, and told what to set', () => {
  assert.match(refusal('m1', { 'marathon.source': undefined }), /trivet cluster set CLUSTER marathon\.source/)
})

test('it is asked where it listens', () => {
  for (const [address, asked] of [
    ['10.0.0.1', '10.0.0.1'],
    ['0.0.0.0', '127.0.0.1'],
  ]) {
    const { props } = clusterCatalog('m1', { 'marathon.flags': { http_address: address } }).get('probe[marathon]')
    assert.deepEqual(props.http, { url: `http://${asked}:8080/v2/leader`, status: 200 })
  }
})

test('the sample job is submitted by one node, when Marathon leads and enough slaves are registered', () => {
  const master = ['zookeeper', 'mesos-master', 'marathon', 'sample-job']
  const nodes = ['m1', 'm2', 'm3'].map((name) => nodeOf(name, master))
  const of = (name: string) => catalogOfNode(name, { nodes, attributes: { ...sources, 'sample-job.slaves': 9 } })
  of('m1').assertOrder('gate[marathon has a leader]', 'gate[9 slaves are registered]', 'marathon_app[/shell-hello]')
  assert.equal(of('m1').get('gate[9 slaves are registered]').props.atLeast, 9)
  assert(!of('m2').has('marathon_app[/shell-hello]'))
})

test('the sample job is submitted whichever node has it, and need not run Marathon itself', () => {
  const masters = ['m1', 'm2', 'm3'].map((name) => nodeOf(name, ['zookeeper', 'mesos-master', 'marathon']))
  const nodes = [...masters, nodeOf('s11', ['mesos-slave', 'sample-job'])]
  const { props } = catalogOfNode('s11', { nodes, attributes: sources }).get('marathon_app[/shell-hello]')
  assert.deepEqual(props.servers, ['http://10.0.0.1:8080', 'http://10.0.0.2:8080', 'http://10.0.0.3:8080'])
})
