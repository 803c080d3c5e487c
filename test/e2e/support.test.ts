import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { z } from 'zod'
import type { Fleet } from '../../lab/fleet.ts'
import type { LabNode } from '../../lab/node.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { until } from '../../lab/run.ts'
import { fleetOfSuite, onNode } from '../helpers/fleet.ts'

const laptop = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f'
const encryptKey = 'bm90IGEgc2VjcmV0LCBidXQgMzIgYnl0ZXMgbG9uZyE='

/** All that the recipes can do; a container may neither set the clock nor open more files than its host allows. */
const attributes = {
  'base.hostname': true,
  'base.users': { ops: { keys: { 'ops@laptop': laptop }, sudo: true } },
  'base.ssh': { server: true },
  'base.updates': { install: true },
  'base.sysctl': { 'net.ipv4.tcp_keepalive_time': 600 },
  'base.openFiles': 16_384,
  'base.removed': ['apache2'],
  'consul.servers': 1,
  'consul.encryptKey': encryptKey,
  'dnsmasq.consul': true,
  'metrics.everySec': 2,
}
const everywhere = ['base', 'dnsmasq', 'node-exporter', 'kernel']
const serving = ['consul-server', 'log-server', 'metrics']
const served = ['consul-client', 'log-client']

async function assignAll(fleet: Fleet) {
  const [first, ...others] = fleet.lab.nodes
  assert.ok(first)
  const set = (...args: string[]) => fleet.mustTrivet(...args)
  for (const [key, value] of Object.entries(attributes))
    await set('cluster', 'set', 'default', key, JSON.stringify(value))
  const follow = { sync: true, setClock: false, servers: [first.address] }
  await set('cluster', 'set', 'default', 'base.time', JSON.stringify(follow))
  await set('node', 'set', first.name, 'base.time', JSON.stringify({ serve: true, servers: [] }))
  await set('node', 'assign', first.name, ...everywhere, ...serving)
  for (const { name } of others) await set('node', 'assign', name, ...everywhere, ...served)
}

const convergeAll = (fleet: Fleet) => fleet.trivet('converge', '--all', '--wait', '--detailed-exitcodes')

async function convergesOnce(fleet: Fleet) {
  await assignAll(fleet)
  await until('all nodes to converge', async () => (await convergeAll(fleet)).exitCode === 0, 600_000)
}

const Up = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.object({ node: z.string() }), value: z.tuple([z.number(), z.string()]) })),
  }),
})

/** The nodes of which Prometheus, on this node, says that they answer. */
async function nodesUp(node: LabNode) {
  const ask = `fetch('http://127.0.0.1:9090/api/v1/query?query=up').then((a) => a.text()).then(console.log)`
  const { data } = Up.parse(JSON.parse(await onNode(node, '/opt/node/bin/node', '-e', ask)))
  return data.result.flatMap(({ metric, value }) => (value[1] === '1' ? [metric.node] : [])).toSorted()
}

const logged = (server: LabNode, from: LabNode, tag: string) =>
  onNode(server, 'grep', '-c', `${tag}:`, `/var/log/cluster/${from.name}.log`).catch(() => '0')

describe('what serves a cluster, on three nodes', { skip: whyNoLab() ?? false }, () => {
  const fleetUp = fleetOfSuite({ count: 3 })

  function up() {
    const fleet = fleetUp()
    const [server, client, other] = fleet.lab.nodes
    assert.ok(server && client && other)
    return { fleet, server, client, other, all: fleet.lab.nodes }
  }

  before(() => convergesOnce(fleetUp()))

  test('converged again, nothing changes', async () => {
    const { exitCode, stdout } = await convergeAll(up().fleet)
    assert.equal(exitCode, 0, stdout)
    assert.match(stdout, /3 converged\. 0 resources changed/)
  })

  test('each node has its name, and all names by private addresses', async () => {
    for (const node of up().all) {
      assert.equal(await onNode(node, 'hostname'), node.name)
      for (const { name, address } of up().all)
        assert.match(await onNode(node, 'getent', 'ahostsv4', name), new RegExp(`^${address} `))
    }
  })

  test('sshd takes keys only and nobody as root, and the user may do all without a password', async () => {
    const { client } = up()
    const says = await onNode(client, 'sshd', '-T')
    for (const option of ['passwordauthentication', 'kbdinteractiveauthentication', 'permitrootlogin'])
      assert.match(says, new RegExp(`^${option} no$`, 'm'))
    assert.equal(await onNode(client, 'runuser', '-u', 'ops', '--', 'sudo', '-n', 'id', '-u'), '0')
    assert.equal(await onNode(client, 'runuser', '-u', 'ops', '--', 'sh', '-c', 'ulimit -n'), '16384')
  })

  test('with the key of the cluster a user goes from node to node', async () => {
    const { fleet, client, other } = up()
    const asOps = (...argv: string[]) => onNode(client, 'runuser', '-u', 'ops', '--', ...argv)
    await asOps('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', '/home/ops/.ssh/id_ed25519')
    const made = await asOps('cat', '/home/ops/.ssh/id_ed25519.pub')
    const clusterKey = made.split(' ').slice(0, 2).join(' ')
    const users = { ops: { keys: { 'ops@laptop': laptop }, clusterKey, sudo: true } }
    await fleet.mustTrivet('cluster', 'set', 'default', 'base.users', JSON.stringify(users))
    await until('all nodes to converge', async () => (await convergeAll(fleet)).exitCode === 0)
    const ssh = ['ssh', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=accept-new']
    assert.equal(await asOps(...ssh, other.name, 'hostname'), other.name)
  })

  test('Consul has a leader and all nodes, and its names are answered by dnsmasq', async () => {
    const { server, other, all } = up()
    const members = await onNode(other, 'consul', 'members')
    for (const { name } of all) assert.match(members, new RegExp(`^${name} .* alive `, 'm'))
    const asked = await onNode(other, 'getent', 'ahostsv4', 'consul.service.consul')
    assert.match(asked, new RegExp(`^${server.address} `))
    const info = await onNode(other, 'consul', 'info')
    assert.match(info, /encrypted = true/)
  })

  test('dnsmasq knows the nodes, and apps as soon as somebody writes their names', async () => {
    const { server, other } = up()
    const asks = (name: string) => other.exec(['getent', 'ahostsv4', name])
    assert.match((await asks(`${server.name}.cluster.internal`)).stdout, new RegExp(`^${server.address} `))
    assert.notEqual((await asks('shop.cluster.internal')).exitCode, 0)
    await onNode(other, 'sh', '-c', 'echo 10.9.9.9 shop.cluster.internal > /etc/dnsmasq-hosts.d/apps')
    await until(
      'the name of the app',
      async () => (await asks('shop.cluster.internal')).stdout.startsWith('10.9.9.9 '),
      10_000,
    )
  })

  test('the log server has what each node logs, also from while it was away', async () => {
    const { server, all } = up()
    for (const node of all) await onNode(node, 'logger', '-t', 'before', 'here')
    for (const node of all)
      await until(`the log of ${node.name}`, async () => (await logged(server, node, 'before')) === '1')
    await onNode(server, 'systemctl', 'kill', '--signal=SIGKILL', 'rsyslog')
    await onNode(server, 'systemctl', 'stop', 'rsyslog', 'syslog.socket')
    for (const node of all.slice(1))
      await onNode(node, 'sh', '-c', 'for at in $(seq 500); do echo "line $at"; done | logger -t away')
    await onNode(server, 'systemctl', 'start', 'rsyslog')
    for (const node of all.slice(1))
      await until(`all lines of ${node.name}`, async () => Number(await logged(server, node, 'away')) >= 500, 60_000)
  })

  test('Prometheus asks all nodes, and figures come', async () => {
    const { server, all } = up()
    await until('all nodes to be up', async () => (await nodesUp(server)).length === all.length)
    assert.deepEqual(
      await nodesUp(server),
      all.map(({ name }) => name),
    )
  })

  test('the clocks agree with the node that serves the time', async () => {
    const { server, client, other } = up()
    for (const node of [client, other]) {
      // It began before the server did, and would by itself ask again only after minutes.
      await onNode(node, 'systemctl', 'restart', 'chrony')
      await onNode(node, 'chronyc', 'waitsync', '45', '0.1', '0', '2')
      assert.match(
        await onNode(node, 'chronyc', 'tracking'),
        new RegExp(`^Reference ID.*\\((${server.name}|${server.address})\\)$`, 'm'),
      )
    }
  })

  test('a node that is to reboot does, and serves again; then nothing changes', async () => {
    const { fleet, other } = up()
    // Not the boot id: that is the kernel's, and so the host's.
    const bootedAt = async () => onNode(other, 'systemctl', 'show', '--value', '-p', 'UserspaceTimestampMonotonic')
    const last = await bootedAt()
    await onNode(other, 'touch', '/run/reboot-required')
    await fleet.trivet('converge', other.name, '--wait')
    await until('the node to have booted again', async () => (await bootedAt().catch(() => last)) !== last, 60_000)
    await until('all nodes to converge', async () => (await convergeAll(fleet)).exitCode === 0, 120_000)
    assert.match(await onNode(other, 'consul', 'members'), new RegExp(`^${other.name} .* alive `, 'm'))
  })
})

describe('what serves a cluster, on one node of Debian 12', { skip: whyNoLab() ?? false }, () => {
  const fleetUp = fleetOfSuite({ count: 1, os: 'bookworm' })

  before(() => convergesOnce(fleetUp()))

  test('it all runs, and converged again nothing changes', async () => {
    const fleet = fleetUp()
    const { exitCode, stdout } = await convergeAll(fleet)
    assert.equal(exitCode, 0, stdout)
    const [node] = fleet.lab.nodes
    assert.ok(node)
    assert.match(await onNode(node, 'sshd', '-T'), /^passwordauthentication no$/m)
    assert.match(await onNode(node, 'getent', 'ahostsv4', 'consul.service.consul'), new RegExp(`^${node.address} `))
    await until('the node to be up', async () => (await nodesUp(node)).length === 1)
    await onNode(node, 'logger', '-t', 'word', 'here')
    await until('its log', async () => (await logged(node, node, 'word')) === '1')
  })
})
