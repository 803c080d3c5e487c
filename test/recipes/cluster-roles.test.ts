import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeOf } from '../helpers/sources.ts'
import { sources } from './cluster.ts'
import { catalogOfNode } from './ours.ts'

const withNames = (role: string, ...names: string[]) => names.map((name) => nodeOf(name, [role]))

test('masters and slaves of a cluster by one role each: the masters are the ensemble, and slaves find them', () => {
  const nodes = [...withNames('master', 'm1', 'm2', 'm3'), ...withNames('slave', 's11', 's12')]
  const of = (name: string) => catalogOfNode(name, { nodes, attributes: sources })
  const zk = 'zk://10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181/mesos\n'
  for (const name of ['m1', 's11']) assert.equal(of(name).text('file[/etc/mesos/zk]'), zk)
  assert.equal(of('m1').get('gate[zookeeper has a quorum, for mesos-master]').props.role, 'master')
  assert.equal(of('m1').get('gate[a mesos-master is elected, for marathon]').props.role, 'master')
  assert.equal(of('s11').get('gate[a mesos-master is elected, for mesos-slave]').props.role, 'master')
  assert.match(of('s11').text('file[/etc/trivet-bridge/bridge.json]'), /"mode": "cluster"/)
  of('s11').assertOrder('probe[docker]', 'service[mesos-master]', 'pkg[mesos]', 'service[mesos-slave]')
  assert.match(of('m2').text('file[/etc/zookeeper/conf_trivet/zoo.cfg]'), /^server\.3=10\.0\.0\.3:/m)
})

test('with role kernel masters reboot one at a time, and slaves a fifth, each back in service first', () => {
  const nodes = ['m1', 'm2', 'm3'].map((name) => nodeOf(name, ['master', 'kernel']))
  nodes.push(nodeOf('s11', ['slave', 'kernel']))
  const leaseOf = (name: string) =>
    catalogOfNode(name, { nodes, attributes: sources }).get('reboot[into the wanted kernel]').lease
  assert.deepEqual(leaseOf('m1'), { group: 'reboot', max: 1, until: 'probe[marathon]' })
  assert.deepEqual(leaseOf('s11'), { group: 'reboot', max: '20%', until: 'probe[mesos-slave]' })
})

test('of the small cluster with Rails the one master has no Marathon, and all slaves have', () => {
  const nodes = [...withNames('rails-master', 'm1'), ...withNames('rails-slave', 's11', 's12')]
  const of = (name: string) => catalogOfNode(name, { nodes, attributes: sources })
  const [master, slave] = [of('m1'), of('s11')]
  assert(!master.has('service[marathon]'))
  assert(slave.has('service[marathon]') && slave.has('service[mesos-slave]'))
  assert.match(slave.text('file[/etc/default/marathon]'), /^MARATHON_MASTER=zk:\/\/10\.0\.0\.1:2181\/mesos$/m)
  assert.equal(slave.get('gate[a mesos-master is elected, for marathon]').props.role, 'rails-master')
  assert(master.has('probe[mesos-master has quorum 1]'))
  const bridge = slave.text('file[/etc/trivet-bridge/bridge.json]')
  assert.match(bridge, /"mode": "host"/)
  assert.match(bridge, /10\.0\.0\.12:8080/)
})

/** Whose slaves the sample job of a layout counts. */
function countedBy(role: string, slaves: string[]) {
  const nodes = [nodeOf('m1', [role === 'slave' ? 'master' : 'rails-master']), ...withNames(role, ...slaves)]
  const submits = role === 'slave' ? 'm1' : 's11'
  for (const node of nodes) if (node.name === submits) node.roles.push('sample-job')
  const attributes = { ...sources, 'zookeeper.ensembleSize': 1 }
  return catalogOfNode(submits, { nodes, attributes }).get('gate[1 slaves are registered]').props.role
}

test('the sample job beside the roles of any layout counts the slaves of that layout', () => {
  assert.equal(countedBy('slave', ['s11', 's12']), 'slave')
  assert.equal(countedBy('rails-slave', ['s11', 's12']), 'rails-slave')
})
