import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeOf } from '../helpers/sources.ts'
import { catalogOfNode, compileNode } from './ours.ts'

const nodes = [nodeOf('n1', ['kernel'])]
const of = (attributes: Record<string, unknown> = {}) => catalogOfNode('n1', { nodes, attributes })

test('the wanted kernel is installed, and a reboot into it is asked of the server', () => {
  const catalog = of({ 'kernel.packages': ['linux-image-amd64'] })
  catalog.assertOrder('pkg[linux-image-amd64]', 'reboot[into the wanted kernel]')
  const { props, lease } = catalog.get('reboot[into the wanted kernel]')
  assert.deepEqual(props, { kernel: true, exists: '/run/reboot-required' })
  assert.deepEqual(lease, { group: 'reboot', max: '20%' })
})

test('the next node reboots only when a probe of this one is well again', () => {
  const serving = [nodeOf('n1', ['kernel', 'node-exporter'])]
  const attributes = { 'kernel.until': 'probe[node-exporter]', 'kernel.max': 1 }
  const { lease } = catalogOfNode('n1', { nodes: serving, attributes }).get('reboot[into the wanted kernel]')
  assert.deepEqual(lease, { group: 'reboot', max: 1, until: 'probe[node-exporter]' })
})

test('a probe that the node does not have is an error', () => {
  const compiled = compileNode('n1', { nodes, attributes: { 'kernel.until': 'probe[nobody]' } })
  assert.match(String(compiled.status === 'error' && compiled.reason), /probe\[nobody\]/)
})

test('where nothing is to reboot nothing does, and updates alone need not be a reason', () => {
  assert.deepEqual(of({ 'kernel.reboot': false }).ids, [])
  assert.deepEqual(of({ 'kernel.forUpdates': false }).get('reboot[into the wanted kernel]').props, { kernel: true })
})
