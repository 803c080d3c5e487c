import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { parseClusterFile } from '../../launcher/cluster-file.ts'
import { inventoryOf, urlsOf } from '../../launcher/inventory.ts'
import type { Machine } from '../../launcher/provider.ts'

const file = parseClusterFile(
  `cluster: c
defaults: { image: ami-12345678, instanceTypes: [t3.small] }
groups:
  web-front: { count: 2, sshUser: ubuntu, urls: { site: 'http://{address}:8080' } }
  db: { count: 1 }`,
  'c.yaml',
)
const machine = (node: string, group: string, addresses: Partial<Machine>): Machine => ({
  id: `i-${node}`,
  node,
  group,
  attempt: '1',
  state: 'running',
  image: 'ami-12345678',
  instanceType: 't3.small',
  zone: 'a',
  launchedAt: 0,
  ...addresses,
})
const machines = [
  machine('c-web-front-1', 'web-front', { privateAddress: '10.0.0.1', publicAddress: '192.0.2.1' }),
  machine('c-web-front-2', 'web-front', {}),
  machine('c-db-1', 'db', { privateAddress: '10.0.0.3' }),
]

test('URLs are those of the nodes that can be reached', () => {
  assert.deepEqual(urlsOf(file, machines), [{ name: 'site', node: 'c-web-front-1', url: 'http://192.0.2.1:8080' }])
})

test('an ssh config has a block for each node that can be reached', () => {
  assert.equal(
    inventoryOf('ssh', file, machines),
    'Host c-web-front-1\n  HostName 192.0.2.1\n  User ubuntu\n\nHost c-db-1\n  HostName 10.0.0.3\n  User admin\n',
  )
})

test('a hosts file has private addresses, as nodes see each other', () => {
  assert.equal(inventoryOf('hosts', file, machines), '10.0.0.1 c-web-front-1\n10.0.0.3 c-db-1\n')
})

test('an inventory of Ansible has its groups, by names that Ansible takes', () => {
  assert.deepEqual(parse(inventoryOf('ansible', file, machines)), {
    all: {
      children: {
        web_front: { hosts: { 'c-web-front-1': { ansible_host: '192.0.2.1', ansible_user: 'ubuntu' } } },
        db: { hosts: { 'c-db-1': { ansible_host: '10.0.0.3', ansible_user: 'admin' } } },
      },
    },
  })
})
