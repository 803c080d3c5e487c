import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Fleet } from '../../lab/fleet.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { until } from '../../lab/run.ts'
import { convergeNode, eventsOf, fleetOfSuite, nodeDetail, onNode, runsOf, sourcesOf } from '../helpers/fleet.ts'

const recipe = (body: string, settings = '') =>
  `import { defineRecipe } from 'trivet/recipe'\nexport default defineRecipe({ ${settings} declare({ file, service, systemd_unit, timer }) {\n${body}\n} })\n`
const role = (recipes: string[], settings = '') =>
  `import { defineRole } from 'trivet/role'\nexport default defineRole({ recipes: ${JSON.stringify(recipes)}, ${settings} })\n`

/** A window that opens in twelve hours and is long over. */
function closedWindow() {
  const later = new Date(Date.now() + 12 * 3_600_000)
  return `window: { cron: '${later.getUTCMinutes()} ${later.getUTCHours()} * * *', minutes: 5 },`
}

/** A window of one minute, which opens at the next minute but one. */
function nextWindow() {
  const soon = new Date(Date.now() + 2 * 60_000)
  return `window: { cron: '${soon.getUTCMinutes()} ${soon.getUTCHours()} * * *', minutes: 1 },`
}

const sources = sourcesOf({
  'recipes/motd/motd.ts': recipe("file('/etc/word', { content: 'one\\n' })"),
  'recipes/gone/gone.ts': recipe("file('/etc/gone', { content: 'gone\\n' })", "cleanup: 'remove',"),
  'recipes/daemon/daemon.ts': recipe(
    `systemd_unit('lasting.service', { content: '[Service]\\nExecStart=/usr/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n' })
    service('lasting', { running: true, enabled: true })
    timer('ticks', { calendar: 'yearly', argv: ['true'] })`,
    "cleanup: 'remove',",
  ),
  'roles/daemon.ts': role(['daemon']),
  'roles/plain.ts': role(['motd']),
  'roles/late.ts': role(['motd'], closedWindow()),
  'roles/gone.ts': role(['gone']),
  'roles/watched.ts': role(['motd'], 'watch: true,'),
})

async function settled(fleet: Fleet, name: string) {
  await until('the runs of before to be over', async () => {
    const { exitCode } = await fleet.trivet('converge', name, '--wait', '--detailed-exitcodes')
    return exitCode === 0
  })
}

describe('what holds a node back, on a real node', { skip: whyNoLab() ?? false }, () => {
  const fleetUp = fleetOfSuite({ count: 1, recipes: sources.recipes, roles: sources.roles })

  function up() {
    const fleet = fleetUp()
    const [node] = fleet.lab.nodes
    assert.ok(node)
    return { fleet, node, name: node.name }
  }

  test('a plan of before is refused, the one of now is done', async () => {
    const { fleet, node, name } = up()
    await fleet.mustTrivet('node', 'assign', name, 'plain')
    await settled(fleet, name)
    await onNode(node, 'sh', '-c', 'echo two > /etc/word')
    const planned = await fleet.trivet('plan', name)
    const hash = /--plan ([0-9a-f]{64})/.exec(planned.stderr)?.[1] ?? ''
    await onNode(node, 'sh', '-c', 'echo three > /etc/word')
    const refused = await fleet.trivet('converge', name, '--wait', '--plan', hash)
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stdout, /refused.*by now/)
    assert.equal(await onNode(node, 'cat', '/etc/word'), 'three')
    const again = /--plan ([0-9a-f]{64})/.exec((await fleet.trivet('plan', name)).stderr)?.[1] ?? ''
    const done = await fleet.trivet('converge', name, '--wait', '--detailed-exitcodes', '--plan', again)
    assert.equal(done.exitCode, 2)
    assert.equal(await onNode(node, 'cat', '/etc/word'), 'one')
    const [run] = await runsOf(fleet, node)
    const [event] = await eventsOf(fleet, run?.id ?? '')
    assert.equal(event && 'cause' in event && event.cause, 'drift')
  })

  test('audited, it reports and changes nothing, until it is enforced', async () => {
    const { fleet, node, name } = up()
    await fleet.mustTrivet('node', 'audit', name, '--reason', 'new here')
    await onNode(node, 'sh', '-c', 'echo two > /etc/word')
    assert.match((await convergeNode(fleet, node)).stdout, /audited.*1 would change/s)
    assert.equal(await onNode(node, 'cat', '/etc/word'), 'two')
    assert.equal((await nodeDetail(fleet, node)).state, 'would-change')
    await fleet.mustTrivet('node', 'enforce', name)
    await until('the node to converge', async () => (await onNode(node, 'cat', '/etc/word')) === 'one')
  })

  test('disabled, it refuses with the reason, and is enabled and converges when its time is over', async () => {
    const { fleet, node, name } = up()
    await settled(fleet, name)
    await fleet.mustTrivet('node', 'disable', name, '--reason', 'a broken disk', '--until', '15s')
    await onNode(node, 'sh', '-c', 'echo two > /etc/word')
    const refused = await fleet.trivet('converge', name, '--wait')
    assert.match(refused.stdout, /refused.*a broken disk/)
    assert.equal((await fleet.trivet('plan', name, '--detailed-exitcodes')).exitCode, 2)
    assert.equal(await onNode(node, 'cat', '/etc/word'), 'two')
    await until('the node to be enabled and converge', async () => (await onNode(node, 'cat', '/etc/word')) === 'one')
    assert.equal((await nodeDetail(fleet, node)).disabled, undefined)
  })

  test('outside of its window changes are deferred', async () => {
    const { fleet, node, name } = up()
    await fleet.mustTrivet('node', 'unassign', name, 'plain')
    await fleet.mustTrivet('node', 'assign', name, 'late')
    await settled(fleet, name)
    await onNode(node, 'sh', '-c', 'echo two > /etc/word')
    assert.match((await convergeNode(fleet, node)).stdout, /1 deferred/)
    assert.equal(await onNode(node, 'cat', '/etc/word'), 'two')
    const [run] = await runsOf(fleet, node)
    assert.equal((await eventsOf(fleet, run?.id ?? ''))[0]?.outcome, 'deferred')
  })

  test('in a window of one minute what was deferred is done, without an order', async () => {
    const { fleet, node, name } = up()
    assert.equal(await onNode(node, 'cat', '/etc/word'), 'two')
    sources.write('roles/late.ts', role(['motd'], nextWindow()))
    await until('it to be done', async () => (await onNode(node, 'cat', '/etc/word')) === 'one', 150_000)
    const done = async () => (await runsOf(fleet, node)).find(({ counts }) => counts.changed > 0)
    const run = await until('the run to be told', done)
    assert.equal(run.trigger, 'schedule')
    assert.equal(run.node, name)
  })

  test('what leaves the catalog is removed where the recipe said so', async () => {
    const { fleet, node, name } = up()
    await fleet.mustTrivet('node', 'assign', name, 'gone')
    await fleet.trivet('converge', name, '--wait')
    assert.equal(await onNode(node, 'cat', '/etc/gone'), 'gone')
    await fleet.mustTrivet('node', 'unassign', name, 'gone', 'late')
    await fleet.mustTrivet('node', 'assign', name, 'watched')
    await until('it to be removed', async () => (await node.exec(['test', '-e', '/etc/gone'])).exitCode === 1)
  })

  test('what is watched is repaired at once, as drift', async () => {
    const { fleet, node, name } = up()
    // The catalog with this role may come after the one that took the others away: its own run would repair the file, as no drift.
    await settled(fleet, name)
    await onNode(node, 'sh', '-c', 'echo two > /etc/word')
    await until('it to be repaired', async () => (await onNode(node, 'cat', '/etc/word')) === 'one')
    await until('the run to be told', async () => (await runsOf(fleet, node, '--trigger', 'drift')).length > 0)
    const [run] = await runsOf(fleet, node, '--trigger', 'drift')
    assert.match(await fleet.mustTrivet('run', 'show', run?.id ?? ''), /^\* changed +file\[\/etc\/word\] \(drift\)/m)
  })

  test('what runs is ended, and taken away, when the last role goes', async () => {
    const { fleet, node, name } = up()
    await fleet.mustTrivet('node', 'unassign', name, 'watched')
    await fleet.mustTrivet('node', 'assign', name, 'daemon')
    await settled(fleet, name)
    const states = () => node.exec(['systemctl', 'is-active', 'lasting.service', 'ticks.timer'])
    assert.equal((await states()).stdout, 'active\nactive\n')
    await fleet.mustTrivet('node', 'unassign', name, 'daemon')
    await until('both to be ended', async () => (await states()).stdout === 'inactive\ninactive\n')
    const left = () => onNode(node, 'find', '/etc/systemd/system', '-name', 'lasting*', '-o', '-name', 'ticks*')
    await until('both to be taken away', async () => (await left()) === '')
    assert.equal((await nodeDetail(fleet, node)).state, 'unassigned')
  })
})
