import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { whyNoLab } from '../../lab/requirements.ts'
import { eventsOf, fleetOfSuite, nodeDetail, onNode, roleOf, runsOf, sourcesOf } from '../helpers/fleet.ts'

const sources = sourcesOf(
  roleOf(
    'updated',
    `reboot('for updates', { exists: '/run/reboot-required' })
     systemd_unit('idler.service', { content: '[Service]\\nExecStart=/usr/bin/sleep infinity\\n', notifies: { restart: 'service[idler]', reboot: 'reboot[for updates]' } })
     service('idler', { running: true })`,
  ),
)

describe('a reboot in the middle of what is to be done', { skip: whyNoLab() ?? false }, () => {
  const fleet = fleetOfSuite({ count: 1, name: 'e2e-reboot', recipes: sources.recipes, roles: sources.roles })
  const node = () => {
    const [one] = fleet().lab.nodes
    assert(one)
    return one
  }

  test('an order ends when the node is up again and has gone on until nothing is left', async () => {
    await fleet().mustTrivet('node', 'assign', node().name, 'updated')
    await fleet().mustTrivet('node', 'wait', node().name)
    const before = await node().bootId()
    // From here on nothing but the order has the node converge.
    await node().write('/etc/systemd/system/idler.service', '[Service]\nExecStart=/usr/bin/sleep 1000\n')
    await onNode(node(), 'touch', '/run/reboot-required')
    const said = await fleet().mustTrivet('converge', node().name, '--wait')
    assert.match(said, /converged/)
    assert.notEqual(await node().bootId(), before)
    const [last, ...earlier] = await runsOf(fleet(), node())
    assert.equal(last?.trigger, 'boot')
    const asking = earlier.find((run) => run.reboot !== undefined)
    assert.match(asking?.reboot ?? '', /reboot-required is there/)
    assert.deepEqual((await eventsOf(fleet(), asking?.id ?? '')).at(-1)?.action, 'reboot')
    assert.equal((await nodeDetail(fleet(), node())).owed.length, 0)
    assert.equal(await onNode(node(), 'systemctl', 'is-active', 'idler'), 'active')
    const again = await fleet().mustTrivet('converge', node().name, '--wait')
    assert.match(again, /unchanged|converged/)
    const [unchanged] = await runsOf(fleet(), node())
    assert.equal(unchanged?.outcome, 'unchanged')
  })
})
