import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { after, before, describe, test } from 'node:test'
import { type Lab, upLab } from '../../lab/lab.ts'
import type { LabNode } from '../../lab/node.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import type { Report } from '../../protocol/events.ts'
import { told } from '../helpers/acceptance.ts'
import { assertAgrees } from '../helpers/agrees.ts'
import { builtAgent, onNode } from '../helpers/fleet.ts'

const house = (folder: string) => fileURLToPath(new URL(`../../${folder}`, import.meta.url))
const agent = '/usr/lib/trivet/trivet-agent'
const ours = ['--recipes', '/srv/trivet/recipes', '--roles', '/srv/trivet/roles']
const examples = ['--recipes', '/srv/examples/recipes', '--roles', '/srv/examples/roles']
const web = ['--role', 'base', '--role', 'web', ...ours]

for (const os of ['trixie', 'bookworm'] as const) {
  describe(`a machine without a server on ${os}`, { skip: whyNoLab() ?? false }, () => {
    let lab: Lab
    let node: LabNode

    before(async () => {
      const binds = [
        { from: await builtAgent(), to: '/usr/lib/trivet' },
        { from: house('recipes'), to: '/srv/trivet/recipes' },
        { from: house('roles'), to: '/srv/trivet/roles' },
        { from: house('docs/examples'), to: '/srv/examples' },
      ]
      lab = await upLab({ count: 1, name: `e2e-masterless-${os}`, os, binds })
      const [first] = lab.nodes
      assert(first)
      node = first
    })
    after(() => lab?.down())

    const apply = async (...args: string[]): Promise<Report> => {
      const { stdout, stderr } = await node.exec([agent, 'apply', '--json', ...args], { timeoutMs: 300_000 })
      assert(stdout, stderr)
      return JSON.parse(stdout)
    }
    const page = (port: number) => onNode(node, 'busybox', 'wget', '-qO-', `http://127.0.0.1:${port}/`)

    test('it plans, converges as planned, and is then as it should be, with nothing but the built folder', async () => {
      assert.equal((await node.exec(['sh', '-c', 'command -v node npm esbuild'])).stdout, '')
      const planned = await apply('--plan-only', ...web)
      assert.equal((await node.exec(['test', '-e', '/srv/web'])).exitCode, 1, 'the plan has made something')
      assert.deepEqual((await apply('--plan-only', ...web)).events, planned.events, 'planned again, it is another plan')

      const first = await apply('--plan', planned.run.plan ?? '', ...web)
      assert.equal(first.run.outcome, 'changed', first.events.map(told).join('\n'))
      assertAgrees(planned, first)
      assert.match(await page(8000), new RegExp(node.name))
      assert.equal(await onNode(node, 'systemctl', 'is-active', 'web'), 'active')

      const second = await apply(...web)
      assert.deepEqual(second.events.map(told), [])
      assert.equal(second.run.outcome, 'unchanged')
      assert.equal(await onNode(node, 'ls', '/var/lib/trivet-agent/spool'), '')
    })

    test('what is set on the command line reaches the service', async () => {
      const report = await apply('--set', 'web.port=8001', ...web)
      assert.deepEqual(report.events.map(told), ['systemd_unit[web.service] changed', 'restart service[web] changed'])
      assert.match(await page(8001), new RegExp(node.name))
    })

    test('a restart that is owed is not forgotten when the agent is killed in between', async () => {
      const args = [agent, 'apply', '--set', 'web.port=8002', ...web]
      const killed = node.exec(args, { env: { TRIVET_FAULT: 'apply.made:kill' }, timeoutMs: 60_000 })
      await assert.rejects(killed, /was ended by SIGKILL/)
      assert.match(await page(8001), new RegExp(node.name))
      const report = await apply('--set', 'web.port=8002', ...web)
      assert.deepEqual(report.events.map(told), ['restart service[web] changed'])
      assert.match(await page(8002), new RegExp(node.name))
    })

    test("somebody else's type comes from its folder", async () => {
      const report = await apply('--role', 'welcome', '--types', '/srv/examples/types', ...examples)
      assert.ok(report.events.map(told).includes('motd[/etc/motd.d/trivet] changed'), JSON.stringify(report))
      assert.match(await onNode(node, 'cat', '/etc/motd.d/trivet'), new RegExp(`^${node.name} is kept as`))
    })

    test('one that has joined a server is refused, unless it gets a memory of its own', async () => {
      const identity = { url: 'https://192.0.2.1:1', ca: '', caSha256: '', node: node.name, id: 'x' }
      await node.write('/var/lib/trivet-agent/identity.json', JSON.stringify(identity), '0600')
      const refused = await node.exec([agent, 'apply', ...web])
      assert.equal(refused.exitCode, 1)
      assert.match(refused.stderr, /has joined https:\/\/192\.0\.2\.1:1 as /)
      const beside = await apply('--state', '/var/lib/trivet-apart', '--set', 'web.port=8002', ...web)
      assert.equal(beside.run.outcome, 'unchanged', beside.events.map(told).join('\n'))
    })
  })
}
