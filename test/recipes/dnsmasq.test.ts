import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesGolden } from '../helpers/golden.ts'
import { nodeOf } from '../helpers/sources.ts'
import { catalogOfNode } from './ours.ts'

const nodes = [nodeOf('n1', ['base', 'dnsmasq']), nodeOf('n2', ['base'])]
const of = (attributes: Record<string, unknown> = {}) => catalogOfNode('n1', { nodes, attributes })
const conf = (attributes: Record<string, unknown>) =>
  of(attributes).text('file[/etc/dnsmasq.d/trivet.conf]').split('\n')

const listens = (attributes: Record<string, unknown>) => conf(attributes).filter((line) => line.startsWith('listen'))

test('a node with dnsmasq is as agreed', () =>
  matchesGolden(
    'test/golden/dnsmasq.json',
    of()
      .readable()
      .filter(({ recipe }) => recipe === 'dnsmasq'),
  ))

test('all nodes of the cluster have names, with the zone and without', () => {
  assert.equal(
    of().text('file[/etc/dnsmasq-nodes.d/nodes]'),
    '10.0.0.1 n1 n1.cluster.internal\n10.0.0.2 n2 n2.cluster.internal\n',
  )
})

test('a node that joins costs no restart, as that file is heeded when it changes', () => {
  assert.deepEqual(of().get('file[/etc/dnsmasq-nodes.d/nodes]').notifies, [])
  of().assertNotifies('file[/etc/dnsmasq.d/trivet.conf]', 'restart', 'service[dnsmasq]')
})

test('others write names of apps into a directory that is heeded too', () => {
  const catalog = of({ 'dnsmasq.hostsDir': '/srv/names' })
  assert(catalog.has('directory[/srv/names]'))
  assert.match(catalog.text('file[/etc/dnsmasq.d/trivet.conf]'), /^hostsdir=\/srv\/names$/m)
})

test('names in .consul are asked of the agent, where the node has one', () => {
  assert(conf({ 'dnsmasq.consul': true }).includes('server=/consul/127.0.0.1#8600'))
  assert(!conf({}).some((line) => line.includes('consul')))
})

test('upstream are those that are named, else those that resolv.conf named before', () => {
  const named = conf({ 'dnsmasq.upstreams': ['192.0.2.1', '192.0.2.2'] })
  assert.deepEqual(named.slice(-4, -1), ['no-resolv', 'server=192.0.2.1', 'server=192.0.2.2'])
  assert(conf({}).includes('resolv-file=/etc/trivet-upstreams.conf'))
  of().assertOrder('exec[keep the servers that resolv.conf names]', 'probe[dnsmasq]', 'file[/etc/resolv.conf]')
})

test('it is heard on loopback, and on the private address only when that is wanted', () => {
  assert.deepEqual(listens({}), ['listen-address=127.0.0.1'])
  assert.deepEqual(listens({ 'dnsmasq.private': true }), ['listen-address=127.0.0.1', 'listen-address=10.0.0.1'])
})

test('the node goes on asking whom it asked, when that is wanted', () => {
  assert(!of({ 'dnsmasq.resolver': false }).has('file[/etc/resolv.conf]'))
})
