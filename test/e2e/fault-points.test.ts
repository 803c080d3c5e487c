import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { CommandError } from '../../cli/command.ts'
import type { Fleet } from '../../lab/fleet.ts'
import type { LabNode } from '../../lab/node.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { until } from '../../lab/run.ts'
import { asRoot } from '../agent/tiny.ts'
import { driveAll, everything, unreached, type Wanted } from '../faults/all.ts'
import { convergeNode, eventsOf, fleetOfSuite, onNode, roleOf, runsOf, sourcesOf } from '../helpers/fleet.ts'

test('killed at each fault point, the first time that it is passed, the agent loses nothing', asRoot, async () => {
  const wanted: Wanted = { ...everything, faults: ['kill'], depth: 'first pass', scenarios: 'first' }
  const driven = await driveAll(wanted, () => {})
  assert.deepEqual(
    driven.flatMap(({ broken }) => broken.map((one) => one.join(': '))),
    [],
  )
  assert.deepEqual(unreached(driven, wanted), [])
})

/** The service keeps what it read when it was started, so that it tells whether that is what is there. */
const sources = sourcesOf({
  ...roleOf(
    'ticker',
    `systemd_unit('ticker.service', { content: '[Service]\\nExecStart=/bin/sh -c "cp /srv/ticker.conf /run/ticker.loaded; exec sleep infinity"\\n' })
     file('/srv/ticker.conf', { content: 'as wanted\\n', mode: '0640', notifies: { restart: 'service[ticker]' } })
     service('ticker', { running: true })`,
  ),
  ...roleOf(
    'booter',
    `file('/srv/booter.conf', { content: 'as wanted\\n', notifies: { reboot: 'reboot[for the file]' } })
     reboot('for the file')`,
  ),
})

const dropIn = '/run/systemd/system/trivet-agent.service.d/fault.conf'

describe('an agent that dies and fails under systemd', { skip: whyNoLab() ?? false }, () => {
  const fleetUp = fleetOfSuite({ count: 1, name: 'e2e-fault-points', recipes: sources.recipes, roles: sources.roles })
  let fleet: Fleet
  let node: LabNode

  before(async () => {
    fleet = fleetUp()
    const [one] = fleet.lab.nodes
    assert(one)
    node = one
    await fleet.mustTrivet('node', 'assign', node.name, 'ticker')
    // By the order, or by the new catalog alone where that was quicker.
    await until('the node to be as wanted', async () => (await convergeNode(fleet, node)).exitCode === 0, 60_000)
  })

  const shown = async (property: string) =>
    onNode(node, 'systemctl', 'show', `--property=${property}`, '--value', 'trivet-agent')

  /** Stops the agent, and lets it die or fail at that point from its next start on. */
  async function arm(fault: string) {
    await onNode(node, 'systemctl', 'stop', 'trivet-agent')
    await node.write(dropIn, `[Service]\nEnvironment=TRIVET_FAULT=${fault}\n`)
    await onNode(node, 'systemctl', 'daemon-reload')
  }

  async function disarm() {
    await onNode(node, 'rm', '-f', dropIn)
    await onNode(node, 'systemctl', 'daemon-reload')
  }

  for (const point of [
    'journal.synced',
    'file.set',
    'file.renamed',
    'apply.made',
    'owed.acting',
    'owed.acted',
    'ledger.closing',
    'run.closed',
    'run.spooled',
    'delivery.sent',
    'delivery.storing',
  ]) {
    test(`killed at ${point}, again and again until that is over: the service is restarted, and each run stored once`, async () => {
      const known = new Set((await runsOf(fleet, node, '--limit', '200')).map(({ id }) => id))
      await arm(`${point}:kill`)
      await node.write('/srv/ticker.conf', 'drifted\n', '0600')
      await onNode(node, 'systemctl', 'restart', 'ticker')
      await onNode(node, 'systemctl', 'start', '--no-block', 'trivet-agent')
      await until(`the agent to die at ${point}`, async () => Number(await shown('NRestarts')) >= 1)
      const [mode, text] = await Promise.all([
        onNode(node, 'stat', '-c', '%a', '/srv/ticker.conf'),
        onNode(node, 'cat', '/srv/ticker.conf'),
      ])
      assert(['600 drifted', '640 as wanted'].includes(`${mode} ${text}`), `${mode} ${text}`)
      await disarm()

      await until('the node to be as wanted', async () => (await convergeNode(fleet, node)).exitCode === 0, 60_000)
      assert.equal(await onNode(node, 'cat', '/run/ticker.loaded'), 'as wanted', 'the service has read the new file')
      assert.equal(await onNode(node, 'stat', '-c', '%a %U', '/srv/ticker.conf'), '640 root')
      assert.equal(await onNode(node, 'sh', '-c', 'ls -A /srv | grep trivet || :'), '')
      const fresh = (await runsOf(fleet, node, '--limit', '200')).filter(({ id }) => !known.has(id))
      const events = (await Promise.all(fresh.map(({ id }) => eventsOf(fleet, id)))).flat()
      const changes = events.filter(({ id, outcome }) => id === 'file[/srv/ticker.conf]' && outcome === 'changed')
      assert(changes.length <= 1, 'a change is in one report alone')
    })
  }

  for (const fault of ['journal.appending:enospc', 'file.written:enospc', 'state.synced:eio', 'owed.acting:eio']) {
    test(`with ${fault} the daemon lives on, and the next run restarts what is owed`, async () => {
      await arm(fault)
      await node.write('/srv/ticker.conf', 'drifted\n', '0600')
      await onNode(node, 'systemctl', 'restart', 'ticker')
      await onNode(node, 'systemctl', 'start', 'trivet-agent')
      await until('the node to be as wanted', async () => (await convergeNode(fleet, node)).exitCode === 0, 60_000)
      assert.equal(await shown('NRestarts'), '0')
      assert.equal(await onNode(node, 'cat', '/run/ticker.loaded'), 'as wanted')
      assert.match(await onNode(node, 'journalctl', '--unit=trivet-agent', '--output=cat'), /TrivetFault/)
      await disarm()
    })
  }

  test('killed right after it asked for a reboot, it asks again, and the machine boots once', async () => {
    await fleet.mustTrivet('node', 'assign', node.name, 'booter')
    await convergeNode(fleet, node)
    await until('the node to have gone on', async () => (await convergeNode(fleet, node)).exitCode === 0, 120_000)
    const first = await node.bootId()
    const known = new Set((await runsOf(fleet, node, '--limit', '200')).map(({ id }) => id))
    // /run is empty after a boot, so the fault ends with it.
    await arm('reboot.asked:kill')
    await node.write('/srv/booter.conf', 'drifted\n')
    await onNode(node, 'systemctl', 'start', '--no-block', 'trivet-agent')
    await until('the machine to boot', async () => (await bootIdOf(node)) !== first, 120_000)
    await until('the node to have gone on', async () => (await convergeNode(fleet, node)).exitCode === 0, 120_000)
    const second = await node.bootId()
    assert.equal((await convergeNode(fleet, node)).exitCode, 0)
    assert.equal(await node.bootId(), second)
    const fresh = (await runsOf(fleet, node, '--limit', '200')).filter(({ id }) => !known.has(id))
    assert.equal(fresh.filter(({ trigger }) => trigger === 'boot').length, 1, 'one run went on after one boot')
  })
})

/** Undefined while it is down. */
async function bootIdOf(node: LabNode) {
  try {
    return await node.bootId()
  } catch (error) {
    if (error instanceof CommandError) return undefined
    throw error
  }
}
