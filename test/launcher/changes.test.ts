import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changesOf, told } from '../../launcher/changes.ts'
import { parseClusterFile } from '../../launcher/cluster-file.ts'
import type { Machine } from '../../launcher/provider.ts'
import type { ListedNode } from '../../protocol/views.ts'
import { clusterOf } from '../helpers/launch-site.ts'

const machine = (id: string, node: string, more: Partial<Machine> = {}): Machine => ({
  id,
  node,
  group: 'web',
  attempt: id,
  state: 'running',
  image: 'ami-12345678',
  instanceType: 't3.small',
  zone: 'a',
  launchedAt: 0,
  ...more,
})
const node = (name: string, more: Partial<ListedNode> = {}): ListedNode => ({
  name,
  cluster: 'c',
  roles: ['word'],
  address: '10.0.0.1',
  connected: true,
  state: 'unchanged',
  reason: null,
  lastRun: null,
  owed: [],
  revision: 0,
  behind: false,
  ...more,
})

function lines(
  count: number,
  machines: Machine[],
  nodes: ListedNode[] = [],
  more: { unfinished?: string[]; archived?: Set<string> } = {},
) {
  const file = parseClusterFile(clusterOf({ web: count }), 'c.yaml')
  const view = { machines, nodes: new Map(nodes.map((one) => [one.name, one])) }
  return changesOf(file, view, {
    differences: [],
    unfinished: [],
    archived: new Set<string>(),
    typeOf: () => 't3.small',
    ...more,
  }).map(told)
}

test('what is missing is made, what is too much is destroyed, what is right is left alone', () => {
  assert.deepEqual(lines(2, [machine('i-1', 'c-web-1'), machine('i-3', 'c-web-3')], [node('c-web-1')]), [
    '+ c-web-2: t3.small, roles word',
    '- c-web-3: destroy i-3: the file does not ask for it',
  ])
})

test('a machine that is gone or going is none', () => {
  for (const state of ['terminated', 'shutting-down'] as const)
    assert.deepEqual(lines(1, [machine('i-1', 'c-web-1', { state })]), ['+ c-web-1: t3.small, roles word'])
})

test('a stopped machine is started, and a launch that is not over is gone on with', () => {
  assert.deepEqual(lines(1, [machine('i-1', 'c-web-1', { state: 'stopped' })]), ['> c-web-1: i-1 is stopped'])
  assert.deepEqual(lines(1, [machine('i-1', 'c-web-1')], [], { unfinished: ['c-web-1'] }), [
    '+ c-web-1: go on with i-1',
  ])
})

test('of two machines for one node that stays which has joined as it, else the older', () => {
  const older = machine('i-1', 'c-web-1', { launchedAt: 1, privateAddress: '10.0.0.1' })
  const younger = machine('i-2', 'c-web-1', { launchedAt: 2, privateAddress: '10.0.0.2' })
  assert.deepEqual(lines(1, [older, younger]), [
    '? c-web-1: i-1 is no node of this server: it was revoked, has joined another, or is not up yet',
    '- c-web-1: destroy i-2: i-1 is that node already',
  ])
  assert.deepEqual(lines(1, [older, younger], [node('c-web-1', { address: '10.0.0.2' })]), [
    '- c-web-1: destroy i-1: i-2 is that node already',
  ])
})

test('a node that is archived while its machine runs is taken back', () => {
  assert.deepEqual(lines(1, [machine('i-1', 'c-web-1')], [], { archived: new Set(['c-web-1']) }), [
    '~ c-web-1: i-1 runs, and its node is archived',
  ])
})

test('roles that a node lacks are assigned, others are left to it', () => {
  assert.deepEqual(lines(1, [machine('i-1', 'c-web-1')], [node('c-web-1', { roles: ['base'] })]), [
    '~ c-web-1: is assigned word',
  ])
})
