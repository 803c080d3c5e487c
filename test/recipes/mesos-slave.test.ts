import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { tempDir } from '../helpers/converges.ts'
import { matchesGolden } from '../helpers/golden.ts'
import { archive, clusterCatalog } from './cluster.ts'

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

const identityWith = (set: Record<string, unknown>) =>
  clusterCatalog('s11', set).text('file[/etc/default/mesos-slave-identity]')

test('what tells a slave from others, and nothing else, is what it is compared by before each start', () => {
  const plain = identityWith({})
  for (const set of [
    { 'mesos-slave.attributes': { rack: 'a1' } },
    { 'mesos-slave.resources': { cpus: '2' } },
    { 'mesos-slave.port': 5052 },
    { 'mesos-slave.flags': { hostname: 's11.example.org' } },
  ])
    assert.notEqual(identityWith(set), plain, JSON.stringify(set))
  assert.equal(identityWith({ 'mesos-slave.flags': { gc_delay: '1days' } }), plain)
})

test('all that it reads at its start restarts it', () => {
  const catalog = clusterCatalog('s11', { 'mesos-slave.attributes': { rack: 'a1' } })
  for (const id of [
    'file[/etc/default/mesos-slave-identity]',
    'file[/etc/systemd/system/mesos-slave.service.d/identity.conf]',
    'directory[/etc/mesos-slave]',
    'directory[/etc/mesos-slave/attributes]',
    'directory[/etc/mesos-slave/resources]',
    'file[/etc/default/mesos-slave]',
  ] as const)
    assert.deepEqual(catalog.get(id).notifies, restart, id)
})

test('before each start it forgets who it was, if it has become another, and only then', async (t) => {
  const dir = await tempDir(t)
  const [now, before, latest] = [join(dir, 'now'), join(dir, 'before'), join(dir, 'latest')]
  const unit = clusterCatalog('s11').text('file[/etc/systemd/system/mesos-slave.service.d/identity.conf]')
  const script = /'(.+)'/.exec(unit)?.[1]?.replaceAll('$$', '$') ?? ''
  const starts = async (identity: string) => {
    writeFileSync(now, identity)
    writeFileSync(latest, '')
    await promisify(execFile)('/bin/sh', ['-c', script, now, before, latest])
    return existsSync(latest) ? 'the same' : 'new'
  }
  const came = []
  for (const identity of ['a', 'a', 'b', 'b']) came.push(await starts(identity))
  assert.deepEqual(came, ['new', 'the same', 'new', 'the same'])
})

test('who it is stands before all that restarts it', () => {
  clusterCatalog('s11').assertOrder(
    'file[/etc/default/mesos-slave-identity]',
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
  assert.deepEqual(keep, ['attributes', 'resources'])
  assert(!Object.keys({ ...Object(content) }).some((name) => ['master', 'log_dir'].includes(name)))
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
  assert.deepEqual(catalog.get(identity).notifies, restart)
  assert.equal(
    catalog.text(identity),
    '# Managed by Trivet, recipe mesos-slave.\nMESOS_HOSTNAME=s11.example.org\nMESOS_PORT=5051\nMESOS_ATTRIBUTES="rack:a1;zone:b"\n',
  )
  assert.match(catalog.text('systemd_unit[mesos-slave.service]'), /^KillMode=process$/m)
})
