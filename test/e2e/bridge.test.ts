import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Lab, upLab } from '../../lab/lab.ts'
import type { LabNode } from '../../lab/node.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { run, until } from '../../lab/run.ts'
import type { Report } from '../../protocol/events.ts'
import { told } from '../helpers/acceptance.ts'
import { ensureTools } from '../helpers/host-tools.ts'
import { builtAgent, nodeBind, onNode } from '../helpers/fleet.ts'
import { FakeMarathon } from '../helpers/marathon/fake-marathon.ts'
import { underLoad } from '../helpers/marathon/wrk.ts'

const port = 10080
const house = (folder: string) => fileURLToPath(new URL(`../../${folder}`, import.meta.url))
const web = { portDefinitions: [{ port }], labels: { HAPROXY_0_MODE: 'http', HAPROXY_0_VHOST: 'web.example' } }

interface StatusTold {
  state: string
  reloads: number
  troubles: Record<string, string>
  complaints: { app: string; text: string }[]
  apps: { app: string; servers: string[] }[]
}

const urlOf = (node: LabNode) => `http://${node.address}:${port}/`

const statusOf = async (node: LabNode): Promise<StatusTold> => {
  const script = "fetch('http://127.0.0.1:9094/status?json').then((r) => r.text()).then((t) => process.stdout.write(t))"
  return JSON.parse(await onNode(node, '/opt/node/bin/node', '-e', script))
}

const servers = (status: StatusTold, app: string) => status.apps.find((one) => one.app === app)?.servers.length ?? -1

async function answer(url: string, host?: string) {
  const argv = ['curl', '-s', '-m', '10', '-D', '-', ...(host === undefined ? [] : ['-H', `Host: ${host}`]), url]
  const { stdout } = await run(argv)
  return { status: Number(/^HTTP\S+ (\d+)/.exec(stdout)?.[1] ?? 0), task: /x-task: (\S+)/i.exec(stdout)?.[1] }
}

async function untilStatus(node: LabNode, what: string, isSo: (status: StatusTold) => boolean) {
  let seen: unknown
  await until(
    () => `the bridge of ${node.name} to tell ${what}; it says ${JSON.stringify(seen)}`,
    async () => {
      const status = await statusOf(node).catch((error: unknown) => void (seen = String(error)))
      if (status) seen = status
      return status !== undefined && isSo(status)
    },
    60_000,
  )
}

async function untilServed(node: LabNode, task: string) {
  await until(`${task} to be served by ${node.name}`, async () => (await answer(urlOf(node))).task === task, 120_000)
  return performance.now()
}

const journalOf = (node: LabNode) =>
  onNode(node, 'journalctl', '--no-pager', '-n', '60', '-u', 'trivet-bridge', '-u', 'haproxy')

const median = async (all: Promise<number>[]) => (await Promise.all(all)).toSorted((a, b) => a - b)[3] ?? Infinity

const said = (status: StatusTold, app: string) => status.complaints.find((one) => one.app === app)?.text ?? ''

describe('the bridge', { skip: whyNoLab() ?? false }, () => {
  let lab: Lab
  let first: LabNode
  let second: LabNode
  let marathon: FakeMarathon

  before(async () => {
    await ensureTools('wrk', 'curl')
    const binds = [
      { from: await builtAgent(), to: '/usr/lib/trivet' },
      await nodeBind(),
      { from: house('recipes'), to: '/srv/trivet/recipes' },
      { from: house('roles'), to: '/srv/trivet/roles' },
    ]
    lab = await upLab({ count: 2, binds })
    const [one, two] = lab.nodes
    assert(one && two)
    first = one
    second = two
    marathon = await new FakeMarathon(lab.gateway).start()
    marathon.put('/web', web)
    await marathon.scale('/web', 2)
    for (const node of lab.nodes) {
      const { run: made, events } = await apply(node)
      assert.equal(made.outcome, 'changed', `${events.map(told).join('\n')}\n${await journalOf(node)}`)
    }
  })
  after(async () => {
    await marathon?.end()
    await lab?.down()
  })

  /** Without a server, which this needs none of. */
  const apply = async (node: LabNode, ...more: string[]): Promise<Report> => {
    const settings = [
      `haproxy-bridge.marathons=${JSON.stringify([marathon.url])}`,
      'haproxy-bridge.drainSeconds=3',
      ...more,
    ]
    const argv = ['/usr/lib/trivet/trivet-agent', 'apply', '--json', '--role', 'haproxy-bridge']
    const from = ['--recipes', '/srv/trivet/recipes', '--roles', '/srv/trivet/roles']
    const set = settings.flatMap((one) => ['--set', one])
    const { stdout, stderr } = await node.exec([...argv, ...from, ...set], { timeoutMs: 300_000 })
    assert(stdout, stderr)
    return JSON.parse(stdout)
  }

  test('every node serves the app by its port and by its name, and a second run finds nothing to do', async () => {
    for (const node of [first, second]) {
      assert.equal((await answer(urlOf(node))).status, 200)
      assert.equal((await answer(`http://${node.address}/`, 'Web.Example:80')).status, 200)
      assert.equal((await answer(`http://${node.address}/_bridge/health`)).status, 200)
      assert.match(await onNode(node, 'systemctl', 'show', '--property=User', 'trivet-bridge'), /trivet-bridge/)
    }
    const again = await apply(first)
    assert.deepEqual(again.events.map(told), [])
  })

  test('no request fails while the app is scaled from 2 to 20 and back', async (t) => {
    const asked = await underLoad(urlOf(first), 25, async () => {
      await pause(1000)
      await marathon.scale('/web', 20)
      await untilStatus(first, 'twenty servers', (status) => servers(status, '/web') === 20)
      await pause(5000)
      await marathon.scale('/web', 2)
      await untilStatus(first, 'two servers', (status) => servers(status, '/web') === 2)
    })
    const { reloads } = await statusOf(first)
    t.diagnostic(`${asked} requests, none failed, ${reloads} reloads since the bridge began`)
    assert(asked > 100)
  })

  test('events are followed in less than a second or two, where a bridge that polls takes half a minute', async (t) => {
    await onNode(
      second,
      'sh',
      '-c',
      `sed 's/"mode": "cluster"/"events": false, "mode": "cluster"/' /etc/trivet-bridge/bridge.json > /run/polling.json`,
    )
    await second.write(
      '/run/systemd/system/trivet-bridge.service.d/polling.conf',
      '[Service]\nExecStart=\nExecStart=/usr/lib/trivet/trivet-agent bridge --config /run/polling.json\n',
    )
    await onNode(second, 'systemctl', 'daemon-reload')
    await onNode(second, 'systemctl', 'restart', 'trivet-bridge')
    await untilStatus(second, 'that it is well', ({ state }) => state === 'ok')
    const waits = { events: [] as Promise<number>[], polling: [] as Promise<number>[] }
    for (let count = 3; count <= 9; count++) {
      const launched = await marathon.scale('/web', count)
      for (const [task, at] of launched) {
        waits.events.push(untilServed(first, task).then((then) => then - at))
        waits.polling.push(untilServed(second, task).then((then) => then - at))
      }
      await pause(8000)
    }
    const [ours, polled] = [await median(waits.events), await median(waits.polling)]
    t.diagnostic(
      `median from event to served: ${Math.round(ours)} ms by events, ${Math.round(polled)} ms by polling each minute`,
    )
    assert(ours < 5000 && polled > 5 * ours)
    await onNode(second, 'rm', '-r', '/run/systemd/system/trivet-bridge.service.d')
    await onNode(second, 'systemctl', 'daemon-reload')
    await onNode(second, 'systemctl', 'restart', 'trivet-bridge')
    await marathon.scale('/web', 2)
  })

  test('killed, bridge and HAProxy come back and are as Marathon says', async () => {
    await onNode(first, 'systemctl', 'kill', '--signal=KILL', 'trivet-bridge')
    await marathon.scale('/web', 4)
    await untilStatus(first, 'four servers', (status) => status.state === 'ok' && servers(status, '/web') === 4)
    await onNode(first, 'systemctl', 'kill', '--signal=KILL', 'haproxy')
    await marathon.scale('/web', 3)
    await untilStatus(first, 'three servers', (status) => status.state === 'ok' && servers(status, '/web') === 3)
    await until('haproxy to serve again', async () => (await answer(urlOf(first))).status === 200)
  })

  test('while Marathon is away, or talks nonsense, all is served on; when it is back, what it says is served', async () => {
    const [, at = ''] = /:(\d+)$/.exec(marathon.url) ?? []
    await marathon.stop()
    await untilStatus(first, 'that Marathon is away', ({ state }) => state === 'stale')
    await onNode(first, 'systemctl', 'restart', 'haproxy')
    await until('haproxy to serve what it had', async () => (await answer(urlOf(first))).status === 200)
    await marathon.start(Number(at))
    await untilStatus(first, 'that it is well', ({ state }) => state === 'ok')
    marathon.instead = '{"apps": [{"id": '
    marathon.event('api_post_event')
    await untilStatus(first, 'that this is no JSON', ({ troubles }) => /no JSON/.test(troubles['reading'] ?? ''))
    assert.equal((await answer(urlOf(first))).status, 200)
    marathon.instead = undefined
    await untilStatus(first, 'that it is well', ({ state }) => state === 'ok')
  })

  test('of two apps on one port the second is refused, and a label that haproxy refuses takes its own app alone', async () => {
    marathon.put('/another', { portDefinitions: [{ port }] })
    marathon.put('/odd', { portDefinitions: [{ port: 10081 }], labels: { HAPROXY_0_BALANCE: 'fairest' } })
    marathon.put('/taken', { portDefinitions: [{ port: 10082 }] })
    marathon.put('/good', { portDefinitions: [{ port: 10083 }], labels: { HAPROXY_0_MODE: 'http' } })
    await marathon.scale('/good', 1)
    await untilStatus(
      first,
      'both complaints',
      (status) =>
        said(status, '/another').includes('is that of /web') &&
        said(status, '/odd').includes('haproxy does not accept'),
    )
    await until('/good to be served', async () => (await answer(`http://${first.address}:10083/`)).status === 200)
    assert.equal((await answer(urlOf(first))).status, 200)
    for (const app of ['/another', '/odd', '/taken', '/good']) marathon.remove(app)
    await untilStatus(
      first,
      'that only /web is left',
      ({ apps, complaints }) => apps.length === 1 && complaints.length === 0,
    )
  })

  test('a full disk keeps the old file, and servers come and go all the same', async () => {
    const kept = await onNode(first, 'cat', '/etc/haproxy/haproxy.cfg')
    await onNode(first, 'mount', '-t', 'tmpfs', '-o', 'size=16k,mode=0777', 'tmpfs', '/etc/haproxy')
    await first.exec(['tee', '/etc/haproxy/haproxy.cfg'], { input: `${kept}\n` })
    await onNode(first, 'sh', '-c', '! head -c 64k /dev/zero > /etc/haproxy/ballast')
    // Its view of the disk is its own from when it began.
    await onNode(first, 'systemctl', 'restart', 'trivet-bridge')
    const launched = await marathon.scale('/web', 5)
    await untilStatus(first, 'that the disk is full', ({ troubles }) => /ENOSPC/.test(troubles['haproxy'] ?? ''))
    for (const task of launched.keys()) await untilServed(first, task)
    assert.equal(await onNode(first, 'cat', '/etc/haproxy/haproxy.cfg'), kept)
    await onNode(first, 'rm', '/etc/haproxy/ballast')
    await untilStatus(first, 'that it is well', ({ state }) => state === 'ok')
    await onNode(first, 'umount', '/etc/haproxy')
    await onNode(first, 'systemctl', 'restart', 'trivet-bridge')
    await untilStatus(first, 'that it is well', ({ state }) => state === 'ok')
  })

  test('in host mode the front port serves the tasks of the host alone, and the health URL goes down when it has none', async () => {
    const names = `haproxy-bridge.names=${JSON.stringify([lab.gateway])}`
    const { run: made, events } = await apply(second, 'haproxy-bridge.mode=host', names)
    assert.equal(made.outcome, 'changed', events.map(told).join('\n'))
    const health = async () => (await answer(`http://${second.address}/_bridge/health`)).status
    await until('the app on the front port', async () => (await answer(`http://${second.address}/`)).task !== undefined)
    await until('the health URL to be up', async () => (await health()) === 200)
    await marathon.scale('/web', 0)
    await until('the health URL to be down', async () => (await health()) === 503)
    await marathon.scale('/web', 1)
    await until('the health URL to be up again', async () => (await health()) === 200)
  })

  test('it takes little memory', async (t) => {
    const pid = await onNode(first, 'systemctl', 'show', '--property=MainPID', '--value', 'trivet-bridge')
    const rss = Number(/VmRSS:\s+(\d+)/.exec(await onNode(first, 'cat', `/proc/${pid}/status`))?.[1])
    t.diagnostic(`the bridge has ${Math.round(rss / 1024)} MiB resident`)
    assert(rss < 100 * 1024)
  })
})
