import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesGolden } from '../helpers/golden.ts'
import { nodeOf } from '../helpers/sources.ts'
import { catalogOfNode } from './ours.ts'

const nodes = [nodeOf('n1', ['metrics', 'node-exporter']), nodeOf('n2', ['node-exporter', 'web'])]
const of = (name: string, attributes: Record<string, unknown> = {}) => catalogOfNode(name, { nodes, attributes })

test('a node with Prometheus and its exporter is as agreed', () =>
  matchesGolden('test/golden/metrics.json', of('n1').readable()))

test('all nodes with an exporter are targets, each by its private address and name', () => {
  assert.deepEqual(JSON.parse(of('n1').text('file[/etc/prometheus/trivet-targets/node.json]')), [
    { targets: ['10.0.0.1:9100'], labels: { node: 'n1' } },
    { targets: ['10.0.0.2:9100'], labels: { node: 'n2' } },
  ])
})

test('a node that joins changes only a file that Prometheus reads by itself', () => {
  assert.deepEqual(of('n1').get('file[/etc/prometheus/trivet-targets/node.json]').notifies, [])
  const more = [...nodes, nodeOf('n3', ['node-exporter'])]
  const conf = 'file[/etc/prometheus/prometheus.yml]'
  assert.equal(catalogOfNode('n1', { nodes: more }).text(conf), of('n1').text(conf))
})

test('a job more is a role, a port and a path', () => {
  const catalog = of('n1', { 'metrics.jobs': { bridge: { role: 'web', port: 9101, path: '/bridge' } } })
  assert.deepEqual(JSON.parse(catalog.text('file[/etc/prometheus/trivet-targets/bridge.json]')), [
    { targets: ['10.0.0.2:9101'], labels: { node: 'n2' } },
  ])
  assert.match(catalog.text('file[/etc/prometheus/prometheus.yml]'), /job_name: 'bridge'\n {4}metrics_path: '\/bridge'/)
})

test('figures are kept as long as is said, and shown on loopback', () => {
  assert.match(
    of('n1', { 'metrics.retention': '90d' }).text('file[/etc/default/prometheus]'),
    /^ARGS="--storage\.tsdb\.retention\.time=90d --web\.listen-address=127\.0\.0\.1:9090"$/m,
  )
})

test('an exporter is heard on the private address only', () => {
  assert.match(of('n2').text('file[/etc/default/prometheus-node-exporter]'), /listen-address=10\.0\.0\.2:9100"/)
})
