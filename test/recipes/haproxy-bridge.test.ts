import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BridgeConfig } from '../../bridge/config.ts'
import { matchesGolden } from '../helpers/golden.ts'
import { factsOf, nodeOf } from '../helpers/sources.ts'
import { catalogOfNode, compileNode } from './ours.ts'

const nodes = [nodeOf('slave-1', ['base', 'haproxy-bridge'], { facts: factsOf('slave-1', '10.0.0.21') })]
const attributes = { 'haproxy-bridge.marathons': ['http://10.0.0.11:8080'] }
const configWith = (more: Record<string, unknown> = {}) =>
  BridgeConfig.parse(
    JSON.parse(
      catalogOfNode('slave-1', { nodes, attributes: { ...attributes, ...more } }).text(
        'file[/etc/trivet-bridge/bridge.json]',
      ),
    ),
  )

test('a node of role haproxy-bridge is as agreed', async () => {
  const catalog = catalogOfNode('slave-1', { nodes, attributes })
  await matchesGolden(
    'test/golden/haproxy-bridge.json',
    catalog.readable().filter(({ recipe }) => recipe === 'haproxy-bridge'),
  )
})

test('its configuration is one that the bridge takes, whatever is switched on', () => {
  assert.equal(configWith().mode, 'cluster')
  const { mode, consul, frontApp } = configWith({
    'haproxy-bridge.mode': 'host',
    'haproxy-bridge.consul': true,
    'haproxy-bridge.frontApp': '/web',
  })
  assert.deepEqual([mode, consul?.render, frontApp], ['host', true, '/web'])
})

test('the bridge has a socket of its own: that of the package would be handed on by a reload, and let it in no more than before', () => {
  assert.notEqual(configWith().haproxy.adminSocket, '/run/haproxy/admin.sock')
})

test('without a Marathon to read the node waits for one', () => {
  const compiled = compileNode('slave-1', { nodes })
  assert.match(JSON.stringify(compiled), /marathon/)
})
