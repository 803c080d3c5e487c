import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesGolden } from '../helpers/golden.ts'
import { nodeOf } from '../helpers/sources.ts'
import { catalogOfNode, compileNode } from './ours.ts'

const nodes = [
  nodeOf('n1', ['consul-server']),
  nodeOf('n2', ['consul-server']),
  nodeOf('n3', ['consul-server']),
  nodeOf('n4', ['consul-client']),
]
const of = (name: string, attributes: Record<string, unknown> = {}) => catalogOfNode(name, { nodes, attributes })

function settingsOf(catalog: ReturnType<typeof of>, name: 'fixed' | 'live' | 'encrypt') {
  return JSON.parse(catalog.text(`file[/etc/consul.d/trivet-${name}.json]`))
}

for (const [kind, name] of [
  ['server', 'n1'],
  ['client', 'n4'],
] as const) {
  test(`a ${kind} of Consul is as agreed`, () => matchesGolden(`test/golden/consul-${kind}.json`, of(name).readable()))
}

test('all servers expect the same number, and a client none', () => {
  const { server, bootstrap_expect } = settingsOf(of('n2'), 'fixed')
  assert.deepEqual({ server, bootstrap_expect }, { server: true, bootstrap_expect: 3 })
  const client = settingsOf(of('n4'), 'fixed')
  assert.equal(client.server, false)
  assert(!('bootstrap_expect' in client))
})

test('until the servers have joined nobody starts, clients neither', () => {
  for (const node of [nodeOf('n1', ['consul-server']), nodeOf('n1', ['consul-client'])]) {
    const compiled = compileNode('n1', { nodes: [node] })
    assert.match(
      String(compiled.status === 'pending' && compiled.reason),
      /recipe consul needs 3 nodes with role consul-server/,
    )
  }
})

test('all join by the private addresses of the servers, which are a role of your choice', () => {
  assert.deepEqual(settingsOf(of('n4'), 'live').retry_join, ['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  const rails = [nodeOf('n1', ['consul-client', 'base']), nodeOf('n2', ['consul-client'])]
  const catalog = catalogOfNode('n2', {
    nodes: rails,
    attributes: { 'consul.serverRole': 'base', 'consul.servers': 1 },
  })
  assert.deepEqual(settingsOf(catalog, 'live').retry_join, ['10.0.0.1'])
})

test('a server that joins costs nobody a restart, a changed address does', () => {
  const catalog = of('n4')
  catalog.assertNotifies('file[/etc/consul.d/trivet-live.json]', 'reload', 'service[consul]')
  catalog.assertNotifies('file[/etc/consul.d/trivet-fixed.json]', 'restart', 'service[consul]')
})

test('HTTP and DNS are heard on loopback only, the rest on the private address', () => {
  const { client_addr, bind_addr, advertise_addr } = settingsOf(of('n4'), 'fixed')
  assert.deepEqual(
    { client_addr, bind_addr, advertise_addr },
    { client_addr: '127.0.0.1', bind_addr: '10.0.0.4', advertise_addr: '10.0.0.4' },
  )
})

test('the key of the gossip lies in a file of its own that is kept out of reports; without one the file goes', () => {
  const encryptKey = 'bm90IGEgc2VjcmV0LCBidXQgMzIgYnl0ZXMgbG9uZyE='
  const catalog = of('n1', { 'consul.encryptKey': encryptKey })
  assert.deepEqual(settingsOf(catalog, 'encrypt'), { encrypt: encryptKey })
  const file = catalog.get('file[/etc/consul.d/trivet-encrypt.json]')
  assert.equal(file.sensitive, true)
  assert.equal(file.props.mode, '0640')
  assert.equal(file.props.backup, false)
  assert.equal(of('n1').get('file[/etc/consul.d/trivet-encrypt.json]').props.ensure, 'absent')
})

test('servers restart one at a time, the leader last; a client asks nobody', () => {
  assert.deepEqual(of('n1').get('service[consul]').lease, {
    group: 'consul-server',
    max: 1,
    until: 'probe[consul]',
    last: { http: { url: 'http://127.0.0.1:8500/v1/agent/self', expect: '"leader": ?"true"' } },
  })
  assert.equal(of('n4').get('service[consul]').lease, undefined)
})

test('nothing but consul is taken from Debian 11, which is pinned before apt knows of it', () => {
  const catalog = of('n1')
  catalog.assertOrder(
    'apt_pin[trivet-consul-bullseye]',
    'apt_pin[trivet-consul-bullseye-rest]',
    'apt_repository[trivet-consul]',
    'pkg[consul]',
  )
  const { packages, priority } = catalog.get('apt_pin[trivet-consul-bullseye-rest]').props
  assert.deepEqual({ packages, priority }, { packages: ['*'], priority: -1 })
})

test('a repository of your own is asked instead of the mirrors of the node', () => {
  const catalog = of('n1', { 'consul.source': { apt: { uris: ['https://apt.example.com'], suites: ['stable'] } } })
  assert.deepEqual(catalog.get('apt_repository[trivet-consul]').props.uris, ['https://apt.example.com'])
  assert(!catalog.has('exec[list the mirrors of Debian]'))
})

const download = { url: 'https://releases.example.com/consul.zip', sha256: 'a'.repeat(64) }

test('a package by its URL and hash comes in the place of any repository', () => {
  const catalog = of('n1', { 'consul.source': { deb: download } })
  catalog.assertOrder('remote_file[/var/cache/consul/consul.deb]', 'pkg[consul]')
  assert(!catalog.has('apt_repository[trivet-consul]'))
})

test('an archive by its URL and hash brings the program, and the recipe the user', () => {
  const catalog = of('n1', { 'consul.source': { archive: download } })
  catalog.assertOrder('user[consul]', 'archive[/opt/consul]', 'service[consul]')
  assert.match(catalog.text('systemd_unit[consul.service]'), /^ExecStart=\/opt\/consul\/consul agent /m)
  assert(!catalog.has('pkg[consul]'))
})

test('two sources are one too many', () => {
  const compiled = compileNode('n1', { nodes, attributes: { 'consul.source': { deb: download, archive: download } } })
  assert.match(
    String(compiled.status === 'error' && compiled.reason),
    /attribute consul\.source: has both deb and archive: set one of them/,
  )
})

test('healthy is who knows a leader', () => {
  const { http } = of('n4').get('probe[consul]').props
  assert.deepEqual(http, { url: 'http://127.0.0.1:8500/v1/status/leader', expect: '^"[^"]+:[0-9]+"' })
})
