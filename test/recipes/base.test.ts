import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesGolden } from '../helpers/golden.ts'
import { factsOf, nodeOf } from '../helpers/sources.ts'
import { catalogOfNode, ours } from './ours.ts'

test('every node of the cluster is in /etc/hosts by its private address, this one first', () => {
  const hosts = catalogOfNode('node-2').text('file[/etc/hosts]')
  assert.deepEqual(
    hosts.split('\n').filter((line) => line.startsWith('10.')),
    ['10.0.0.12\tnode-2', '10.0.0.11\tnode-1', '10.0.0.13\tnode-3'],
  )
  assert.match(hosts, /^127\.0\.0\.1\tlocalhost$/m)
})

test('the name of the node never leads to 127.0.1.1, as Debian has it', () => {
  assert.doesNotMatch(catalogOfNode('node-1').text('file[/etc/hosts]'), /127\.0\.1\.1/)
})

test('what the node calls itself is known beside its name here', () => {
  const nodes = [nodeOf('n1', ['base'], { facts: factsOf('web-1.example.com', '10.0.0.1') })]
  assert.match(catalogOfNode('n1', { nodes }).text('file[/etc/hosts]'), /^10\.0\.0\.1\tn1 web-1\.example\.com web-1$/m)
})

test('the message of the day says who manages the node and as what', () => {
  const motd = catalogOfNode('node-3').text('file[/etc/motd]')
  assert.match(motd, /managed by Trivet/)
  assert.match(motd, /^Roles: base, zookeeper, haproxy\.$/m)
})

test('packages and further hosts are yours to set', () => {
  const attributes = { 'base.packages': ['vim', 'tmux'], 'base.hosts': { '192.0.2.1': ['db', 'db.example.com'] } }
  const catalog = catalogOfNode('node-1', { attributes })
  assert(catalog.has('pkg[vim]') && catalog.has('pkg[tmux]'))
  assert.match(catalog.text('file[/etc/hosts]'), /^192\.0\.2\.1\tdb db\.example\.com$/m)
})

test('every recipe and role says what it is, and every attribute what it is for', () => {
  for (const { name, description, attributes } of ours.recipes.values()) {
    assert.notEqual(description, '', name)
    for (const [key, schema] of Object.entries(attributes.shape)) {
      assert.notEqual(Reflect.get(schema, 'description'), undefined, `${name}.${key}`)
    }
  }
  for (const { name, description } of ours.roles.values()) assert.notEqual(description, '', name)
})

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f'
const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA'

const everything = {
  'base.hostname': true,
  'base.names': { 'node-1': ['gate.example.com'] },
  'base.packages': ['curl'],
  'base.removed': ['apache2'],
  'base.users': { ops: { keys: { 'ops@laptop': key }, clusterKey: other, sudo: true } },
  'base.ssh': { server: true, knownHosts: { 'gate.example.com': key } },
  'base.time': { sync: true, servers: ['ntp.example.com'] },
  'base.updates': { install: true, blocked: ['^linux-'] },
  'base.sysctl': { 'net.ipv4.tcp_keepalive_time': 600 },
  'base.openFiles': 65536,
}

test('a node with all that base can do is as agreed', async () => {
  const catalog = catalogOfNode('node-1', { attributes: everything })
  await matchesGolden(
    'test/golden/base.json',
    catalog.readable().filter(({ recipe }) => recipe === 'base'),
  )
})

test('without attributes there are the names of nodes and a message, and nothing that anybody could miss', () => {
  const { ids, get } = catalogOfNode('node-1')
  assert.deepEqual(
    ids.filter((id) => get(id).recipe === 'base'),
    ['file[/etc/hosts]', 'file[/etc/motd]'],
  )
})

test('the hostname is the name of the node, and stands before all else', () => {
  const { ids } = catalogOfNode('node-2', { attributes: { 'base.hostname': true } })
  assert.equal(ids[0], 'hostname[node-2]')
})

test('a public name of a node leads to its private address', () => {
  const hosts = catalogOfNode('node-2', { attributes: everything }).text('file[/etc/hosts]')
  assert.match(hosts, /^10\.0\.0\.11\tnode-1 gate\.example\.com$/m)
})

test('sshd takes keys only and nobody as root, said before what cloud-init says, and an option more is yours to add', () => {
  const attributes = { 'base.ssh': { server: true, options: { X11Forwarding: 'no' } } }
  const catalog = catalogOfNode('node-1', { attributes })
  assert.deepEqual(catalog.get('sshd[00-trivet]').props.options, {
    PasswordAuthentication: 'no',
    KbdInteractiveAuthentication: 'no',
    PermitRootLogin: 'no',
    X11Forwarding: 'no',
  })
  catalog.assertNotifies('sshd[00-trivet]', 'reload', 'service[ssh]')
})

test('sudo without a password is a file that visudo must accept', () => {
  const catalog = catalogOfNode('node-1', { attributes: everything })
  const file = catalog.get('file[/etc/sudoers.d/trivet-ops]')
  assert.equal(catalog.text('file[/etc/sudoers.d/trivet-ops]').split('\n')[1], 'ops ALL=(ALL:ALL) NOPASSWD: ALL')
  assert.equal(file.props.mode, '0440')
  assert.deepEqual(file.props.verify, ['visudo', '-c', '-q', '-f', '{}'])
  catalog.assertOrder('pkg[sudo]', 'user[ops]', 'file[/etc/sudoers.d/trivet-ops]')
})

test('who may not use sudo any more has no file of it', () => {
  const { get } = catalogOfNode('node-1', { attributes: { 'base.users': { ops: { sudo: false } } } })
  assert.equal(get('file[/etc/sudoers.d/trivet-ops]').props.ensure, 'absent')
})

test('the key between nodes is good only from their private addresses, and is no key of before', () => {
  const { get } = catalogOfNode('node-1', { attributes: everything })
  assert.deepEqual(get('ssh_authorized_key[ops#trivet-cluster]').props.options, [
    'from="10.0.0.11,10.0.0.12,10.0.0.13"',
  ])
  const both = { ops: { keys: { me: key }, clusterKey: key } }
  assert.match(
    String(ours.recipes.get('base')?.attributes.safeParse({ users: both }).error),
    /has its clusterKey among its keys/,
  )
})

test('who serves the time does so to the nodes of the cluster, and to nobody else', () => {
  const conf = catalogOfNode('node-1', { attributes: { 'base.time': { sync: true, serve: true } } }).text(
    'file[/etc/chrony/chrony.conf]',
  )
  assert.deepEqual(conf.match(/^(allow|local|server|pool).*$/gm), [
    'local stratum 10',
    'allow 10.0.0.12',
    'allow 10.0.0.13',
  ])
})

test("with no server of time named, Debian's own configuration of chrony stays", () => {
  const { has } = catalogOfNode('node-1', { attributes: { 'base.time': { sync: true } } })
  assert(has('service[chrony]') && !has('file[/etc/chrony/chrony.conf]'))
})

test('where the clock cannot be set, chrony starts all the same and leaves it alone', () => {
  const catalog = catalogOfNode('node-1', { attributes: { 'base.time': { sync: true, setClock: false } } })
  const dropIn = catalog.text('file[/etc/systemd/system/chrony.service.d/trivet.conf]')
  assert.match(dropIn, /^ConditionCapability=$/m)
  assert.match(dropIn, /^Environment=DAEMON_OPTS=-x$/m)
})

test("updates come in a window of their own, and Debian's timers are masked", () => {
  const { get, text } = catalogOfNode('node-1', { attributes: everything })
  const { calendar, persistent, splaySec } = get('timer[trivet-updates]').props
  assert.deepEqual(
    { calendar, persistent, splaySec },
    { calendar: 'Sun *-*-* 03:00', persistent: false, splaySec: 3600 },
  )
  for (const name of ['apt-daily.timer', 'apt-daily-upgrade.timer'] as const)
    assert.equal(get(`service[${name}]`).props.masked, true)
  assert.match(text('file[/etc/apt/apt.conf.d/52trivet-updates]'), /Package-Blacklist:: "\^linux-"/)
})

test('a package that no node is to have is purged', () => {
  assert.equal(catalogOfNode('node-1', { attributes: everything }).get('pkg[apache2]').props.ensure, 'purged')
})
