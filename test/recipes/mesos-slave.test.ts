import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesGolden } from '../helpers/golden.ts'
import { archive, clusterCatalog } from './cluster.ts'

const anew = [
  { action: 'run', target: 'exec[forget who this slave was]' },
  { action: 'restart', target: 'service[mesos-slave]' },
]
const restart = [{ action: 'restart', target: 'service[mesos-slave]' }]

test('a slave is as agreed', async () => {
  const resources = clusterCatalog('s11', {
    'mesos-slave.attributes': { rack: 'a1' },
    'mesos-slave.resources': { ports: '[31000-32000]' },
  }).readable()
  await matchesGolden(
    'test/golden/mesos-slave.json',
    resources.filter(({ recipe }) => recipe === 'mesos-slave'),
  )
})

test('what tells a slave from others makes it start as new when it changes, all else restarts it plainly', () => {
  const catalog = clusterCatalog('s11', { 'mesos-slave.attributes': { rack: 'a1' } })
  for (const id of [
    'directory[/etc/mesos-slave/attributes]',
    'directory[/etc/mesos-slave/resources]',
    'file[/etc/mesos-slave/hostname]',
    'file[/etc/mesos-slave/port]',
  ] as const)
    assert.deepEqual(catalog.get(id).notifies, anew, id)
  assert.deepEqual(catalog.get('directory[/etc/mesos-slave]').notifies, restart)
  assert.deepEqual(catalog.get('file[/etc/default/mesos-slave]').notifies, restart)
  assert.deepEqual(catalog.get('exec[forget who this slave was]').props.argv, [
    'rm',
    '-f',
    '--',
    '/var/lib/mesos/meta/slaves/latest',
  ])
})

test('it has forgotten who it was before any restart, since what is owed is done in the order first asked for', () => {
  clusterCatalog('s11').assertOrder(
    'file[/etc/mesos-slave/hostname]',
    'directory[/etc/mesos-slave]',
    'file[/etc/default/mesos-slave]',
    'gate[a mesos-master is elected, for mesos-slave]',
    'file[/etc/mesos/mesos-slave.ready]',
    'service[mesos-slave]',
    'probe[mesos-slave]',
  )
})

test('what others manage in the directory of flags is not purged', () => {
  const { keep, purge, content } = clusterCatalog('s11').get('directory[/etc/mesos-slave]').props
  assert.equal(purge, true)
  assert.deepEqual(keep, ['attributes', 'hostname', 'port', 'resources'])
  assert(!Object.keys({ ...Object(content) }).some((name) => ['master', 'log_dir', 'hostname'].includes(name)))
})

test('slaves restart a fifth at a time, and are well when a master has registered them', () => {
  const catalog = clusterCatalog('s11')
  assert.deepEqual(catalog.get('service[mesos-slave]').lease, {
    group: 'mesos-slave',
    max: '20%',
    until: 'probe[mesos-slave]',
  })
  const { http } = catalog.get('probe[mesos-slave]').props
  const { url, expect } = { url: '', expect: '', ...Object(http) }
  assert.equal(url, 'http://10.0.0.11:5051/metrics/snapshot')
  assert.match('{"slave\\/registered":1.0,"slave\\/uptime_secs":3}', new RegExp(expect))
  assert.doesNotMatch('{"slave\\/registered":0.0,"slave\\/uptime_secs":1}', new RegExp(expect))
})

test('every slave knows the servers of the ensemble alone, by their numbers', () => {
  const spare = clusterCatalog('s11', {}, { masters: 4, size: 3 })
  assert.equal(spare.text('file[/etc/mesos/zk]'), 'zk://10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181/mesos\n')
})

test('from an archive its identity is in a file of its own', () => {
  const catalog = clusterCatalog('s11', {
    'mesos.source': archive,
    'mesos-slave.attributes': { rack: 'a1', zone: 'b' },
    'mesos-slave.flags': { hostname: 's11.example.org' },
  })
  const identity = 'file[/etc/default/mesos-slave-identity]'
  assert.deepEqual(catalog.get(identity).notifies, anew)
  assert.equal(
    catalog.text(identity),
    '# Managed by Trivet, recipe mesos-slave.\nMESOS_HOSTNAME=s11.example.org\nMESOS_PORT=5051\nMESOS_ATTRIBUTES="rack:a1;zone:b"\n',
  )
  assert.match(catalog.text('systemd_unit[mesos-slave.service]'), /^KillMode=process$/m)
})
