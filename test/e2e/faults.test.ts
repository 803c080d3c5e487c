import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, beforeEach, describe, test } from 'node:test'
import type { Fleet } from '../../lab/fleet.ts'
import type { LabNode } from '../../lab/node.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { until } from '../../lab/run.ts'
import type { Order } from '../../protocol/views.ts'
import {
  convergeNode,
  eventsOf,
  fleetOfSuite,
  nodeDetail,
  onNode,
  roleOf,
  runsOf,
  sourcesOf,
} from '../helpers/fleet.ts'

/** A resource that waits in the middle of a run until the test opens the gate: a FIFO that somebody writes to. */
const gate = '/run/gate'
const waitAtGate = `exec('wait at the gate', { argv: ['sh', '-c', 'touch /run/at-gate; cat ${gate}; touch /srv/passed'], creates: '/srv/passed' })`

describe('faults on real nodes', { skip: whyNoLab() ?? false }, () => {
  const sources = sourcesOf({
    ...roleOf('plain', `file('/srv/plain', { content: 'plain\\n', mode: '0640' })`),
    ...roleOf('missing', `pkg('no-such-package-at-all')\nfile('/srv/after-missing', { content: 'x' })`),
    ...roleOf(
      'sick',
      `systemd_unit('sick.service', { content: '[Service]\\nExecStart=/bin/sh -c "echo my last words; exit 3"\\n[Install]\\nWantedBy=multi-user.target\\n' })
       service('sick', { running: true })`,
    ),
    ...roleOf('full', `directory('/srv/small')\nfile('/srv/small/big', { content: 'x'.repeat(500_000) })`),
    ...roleOf(
      'gated',
      `systemd_unit('ticker.service', { content: '[Service]\\nExecStart=/bin/sleep infinity\\n' })
       service('ticker', { running: true })
       file('/srv/before', { content: 'before\\n', notifies: { restart: 'service[ticker]' } })
       ${waitAtGate}`,
    ),
    ...roleOf(
      'install',
      `systemd_unit('ticker.service', { content: '[Service]\\nExecStart=/bin/sleep infinity\\n' })
       service('ticker', { running: true })
       file('/srv/ticker.conf', { content: 'one\\n', notifies: { restart: 'service[ticker]' } })
       pkg('python3-minimal')`,
    ),
  })
  const fleetUp = fleetOfSuite({ count: 2, ...sources })
  let fleet: Fleet
  let node: LabNode
  let other: LabNode

  before(() => {
    fleet = fleetUp()
    const [first, second] = fleet.lab.nodes
    assert.ok(first && second)
    node = first
    other = second
  })

  beforeEach(async () => {
    await fleet.startServer()
    const { roles } = await nodeDetail(fleet, node)
    if (roles.length > 0) await fleet.mustTrivet('node', 'unassign', node.name, ...roles)
    await onNode(node, 'rm', '-rf', '/srv/passed', '/srv/before', '/run/at-gate', gate)
  })

  /** Starts a converge of the gated role, and comes back when it waits at the gate; gives the order's id. */
  async function runToGate() {
    await onNode(node, 'mkfifo', gate)
    await fleet.mustTrivet('node', 'assign', node.name, 'gated')
    const order: Order = JSON.parse(await fleet.mustTrivet('converge', node.name, '--json'))
    await until(
      'the run to wait at the gate',
      async () => (await node.exec(['test', '-e', '/run/at-gate'])).exitCode === 0,
    )
    return order.id
  }

  const openGate = () => onNode(node, 'sh', '-c', `timeout 20 sh -c 'echo open > ${gate}'`)

  async function finalState(id: string) {
    return until(`order ${id} to be final`, async () => {
      const order: Order = JSON.parse(await fleet.mustTrivet('order', 'show', id, '--json'))
      const [target] = order.targets
      return target && !['waiting', 'delivered', 'started'].includes(target.state) && target.state
    })
  }

  test('unknown roles, nodes and attributes are refused with what there is instead', async () => {
    const role = await fleet.trivet('node', 'assign', node.name, 'plian')
    assert.equal(role.exitCode, 1)
    assert.match(role.stderr, /plian.*plain/s)
    const unknown = await fleet.trivet('node', 'show', `${node.name}x`)
    assert.equal(unknown.exitCode, 1)
    assert.match(unknown.stderr, new RegExp(node.name))
    const attribute = await fleet.trivet('node', 'set', node.name, 'plain.colour', 'red')
    assert.equal(attribute.exitCode, 1)
    assert.match(attribute.stderr, /plain/)
  })

  test('a recipe with a syntax error is named with file and line, and the old revision stays in force', async () => {
    await fleet.mustTrivet('node', 'assign', node.name, 'plain')
    const good =
      roleOf('plain', `file('/srv/plain', { content: 'plain\\n', mode: '0640' })`)['recipes/plain/plain.ts'] ?? ''
    sources.write('recipes/plain/plain.ts', good.replace('declare(', 'declare(('))
    try {
      const check = await fleet.trivet('recipe', 'check')
      assert.equal(check.exitCode, 1)
      assert.match(check.stdout + check.stderr, /recipes\/plain\/plain\.ts:2/)
      const { exitCode, stdout } = await convergeNode(fleet, node)
      assert.ok([0, 2].includes(exitCode), stdout)
      assert.equal(await onNode(node, 'stat', '-c', '%a', '/srv/plain'), '640')
    } finally {
      sources.write('recipes/plain/plain.ts', good)
    }
    assert.equal((await fleet.trivet('recipe', 'check')).exitCode, 0)
  })

  test('a package that does not exist fails its recipe with a clear error; other recipes go on', async () => {
    await onNode(node, 'rm', '-f', '/srv/plain')
    await fleet.mustTrivet('node', 'assign', node.name, 'missing', 'plain')
    const { exitCode } = await convergeNode(fleet, node)
    assert.ok(exitCode === 4 || exitCode === 6)
    const [run] = await runsOf(fleet, node, '--limit', '1')
    const events = await eventsOf(fleet, run?.id ?? '')
    const failed = events.find(({ id }) => id === 'pkg[no-such-package-at-all]')
    assert.ok(failed?.outcome === 'failed')
    assert.match(failed.error, /no-such-package-at-all/)
    assert.equal(events.find(({ id }) => id === 'file[/srv/after-missing]')?.outcome, 'skipped')
    assert.equal(await onNode(node, 'cat', '/srv/plain'), 'plain')
  })

  test('a service that fails to start is reported with the last lines of its journal', async () => {
    await fleet.mustTrivet('node', 'assign', node.name, 'sick')
    await convergeNode(fleet, node)
    const [run] = await runsOf(fleet, node, '--limit', '1')
    assert.equal(run?.outcome, 'failed')
    assert.match(await fleet.mustTrivet('run', 'show', run.id), /my last words/)
  })

  test('a full disk fails the file and leaves none; with room again it converges', async () => {
    await onNode(node, 'mkdir', '-p', '/srv/small')
    await onNode(node, 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', '/srv/small')
    await fleet.mustTrivet('node', 'assign', node.name, 'full')
    await convergeNode(fleet, node)
    const [run] = await runsOf(fleet, node, '--limit', '1')
    assert.equal(run?.outcome, 'failed')
    assert.match(await fleet.mustTrivet('run', 'show', run.id), /ENOSPC|no space/i)
    assert.equal(await onNode(node, 'ls', '-A', '/srv/small'), '', 'no half file and no temporary one')
    await onNode(node, 'mount', '-o', 'remount,size=2m', '/srv/small')
    assert.equal((await convergeNode(fleet, node)).exitCode, 2)
    assert.equal(await onNode(node, 'stat', '-c', '%s', '/srv/small/big'), '500000')
    await onNode(node, 'umount', '/srv/small')
  })

  test('the server killed in the middle of a converge: the run goes on, its report and order arrive afterwards, once', async () => {
    const since = Date.now()
    const id = await runToGate()
    await fleet.stopServer('SIGKILL')
    await openGate()
    await until('the run to end', async () => (await node.exec(['test', '-e', '/srv/passed'])).exitCode === 0)
    await fleet.startServer()
    assert.equal(await finalState(id), 'converged')
    const runs = (await runsOf(fleet, node, '--limit', '5')).filter(({ startedAt }) => startedAt > since)
    assert.equal(runs.filter(({ outcome }) => outcome === 'changed').length, 1, 'what was done is stored once')
    assert.equal(runs.filter(({ orders }) => orders.includes(id)).length, 1, 'the order is answered once')
  })

  test('the network cut during a run: it ends, and after the cut its report and order arrive', async () => {
    const id = await runToGate()
    await node.cut()
    await openGate()
    await until('the run to end', async () => (await node.exec(['test', '-e', '/srv/passed'])).exitCode === 0)
    await node.heal()
    assert.equal(await finalState(id), 'converged')
  })

  test('the agent killed in the middle of a run: what it had done is reported, what it owed is done, the order is answered', async () => {
    await fleet.mustTrivet('node', 'assign', node.name, 'gated')
    await onNode(node, 'touch', '/srv/passed')
    await convergeNode(fleet, node)
    await fleet.mustTrivet('node', 'unassign', node.name, 'gated')
    await onNode(node, 'rm', '/srv/passed', '/srv/before')
    const started = () =>
      onNode(node, 'systemctl', 'show', '--property=ExecMainStartTimestampMonotonic', '--value', 'ticker')
    const firstStart = await started()

    const id = await runToGate()
    await onNode(node, 'systemctl', 'kill', '--signal=KILL', '--kill-whom=main', 'trivet-agent')
    await onNode(node, 'touch', '/srv/passed')

    assert.equal(await finalState(id), 'converged')
    const runs = await runsOf(fleet, node, '--limit', '6')
    const interrupted = runs.find(({ outcome }) => outcome === 'interrupted')
    assert.ok(interrupted, 'the killed run is in the history')
    const done = (await eventsOf(fleet, interrupted.id)).find(({ id: about }) => about === 'file[/srv/before]')
    assert.equal(done?.outcome, 'changed')
    assert.notEqual(await started(), firstStart, 'the restart that was owed was done')
    assert.equal((await convergeNode(fleet, node)).exitCode, 0)
  })

  test('the agent killed in the middle of a package install: the next run completes it', async () => {
    await node.exec(['apt-get', 'purge', '--yes', 'python3-minimal'])
    await fleet.mustTrivet('node', 'assign', node.name, 'install')
    const status = join(node.root, 'var/lib/dpkg/status')
    const inTheMiddle = /^Status: install ok (unpacked|half-)/m
    await until('dpkg to be in the middle', async () => inTheMiddle.test(readFileSync(status, 'utf8')), 90_000)
    await onNode(node, 'systemctl', 'kill', '--signal=KILL', '--kill-whom=main', 'trivet-agent')
    await until(
      'a converge that changes nothing',
      async () => (await convergeNode(fleet, node)).exitCode === 0,
      120_000,
    )
    assert.match(await onNode(node, 'dpkg-query', '-W', '--showformat=${Status}', 'python3-minimal'), /ok installed$/)
    assert.equal(await onNode(node, 'dpkg', '--audit'), '')
    assert.ok((await runsOf(fleet, node, '--limit', '9')).some(({ outcome }) => outcome === 'interrupted'))
  })

  test('without the server the agent converges from the catalog on disk, and reports later', async () => {
    await fleet.mustTrivet('node', 'assign', node.name, 'plain')
    await convergeNode(fleet, node)
    await fleet.stopServer('SIGTERM')
    await node.write('/srv/plain', 'drifted\n')
    assert.match(await onNode(node, 'trivet-agent', 'converge'), /changed +file\[\/srv\/plain\]/)
    assert.equal(await onNode(node, 'cat', '/srv/plain'), 'plain')
    await fleet.startServer()
    await until('the report of the run without a server', async () =>
      (await runsOf(fleet, node, '--limit', '3')).some(
        ({ trigger, outcome }) => trigger === 'manual' && outcome === 'changed',
      ),
    )
  })

  test('a clock that is an hour off neither hinders the agent nor disorders the history', async () => {
    await fleet.mustTrivet('node', 'assign', node.name, 'plain')
    await onNode(node, 'apt-get', 'install', '--yes', '--no-install-recommends', 'libfaketime')
    const library = await onNode(node, 'sh', '-c', 'ls /usr/lib/*/faketime/libfaketime.so.1')
    for (const offset of ['+1h', '-1h']) {
      await node.write(
        '/etc/systemd/system/trivet-agent.service.d/clock.conf',
        `[Service]\nEnvironment=LD_PRELOAD=${library} FAKETIME=${offset} FAKETIME_DONT_FAKE_MONOTONIC=1\n`,
      )
      await onNode(node, 'systemctl', 'daemon-reload')
      await onNode(node, 'systemctl', 'restart', 'trivet-agent')
      await until('the agent to be connected', async () => (await nodeDetail(fleet, node)).connected)
      // The run that an agent makes when it starts is to be over before there is drift, or it mends that.
      await fleet.mustTrivet('converge', node.name, '--wait')
      await node.write('/srv/plain', `drifted ${offset}\n`)
      assert.equal((await convergeNode(fleet, node)).exitCode, 2)
      const [run] = await runsOf(fleet, node, '--limit', '1')
      assert.ok(run)
      assert.ok(
        Math.abs(run.startedAt - Date.now()) < 60_000,
        `${offset}: the run began ${Date.now() - run.startedAt} ms ago`,
      )
    }
    await onNode(node, 'rm', '-r', '/etc/systemd/system/trivet-agent.service.d')
    await onNode(node, 'systemctl', 'daemon-reload')
    await onNode(node, 'systemctl', 'restart', 'trivet-agent')
  })

  test('a node that is off ends as unreachable, and converges when it is back', async () => {
    await fleet.mustTrivet('node', 'assign', other.name, 'plain')
    await convergeNode(fleet, other)
    await other.kill()
    const { exitCode, stdout } = await convergeNode(fleet, other, '--deadline', '5s')
    assert.equal(exitCode, 4)
    assert.match(stdout, /unreachable/)
    await other.start()
    await until('its agent to connect', async () => (await nodeDetail(fleet, other)).connected, 60_000)
    assert.equal((await convergeNode(fleet, other)).exitCode, 0)
  })

  test('a revoked node is cut off at once and stays out', async () => {
    await fleet.mustTrivet('node', 'revoke', other.name, '--yes')
    await until('the agent to be told', async () =>
      /revoked/.test(await onNode(other, 'journalctl', '--unit=trivet-agent', '--output=cat')),
    )
    assert.equal((await nodeDetail(fleet, other)).state, 'revoked')
    await onNode(other, 'systemctl', 'restart', 'trivet-agent')
    const { exitCode } = await convergeNode(fleet, other, '--deadline', '5s')
    assert.notEqual(exitCode, 0)
  })

  test('SIGTERM ends the server cleanly', async () => {
    assert.equal(await fleet.stopServer('SIGTERM'), 0)
    await fleet.startServer()
  })
})
