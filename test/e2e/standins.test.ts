import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { LabNode } from '../../lab/node.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { until } from '../../lab/run.ts'
import { fleetOfSuite, onNode } from '../helpers/fleet.ts'
import { buildStandins, type Standins } from '../standins/deb/build.ts'
import { type DebServer, serveDebs } from '../standins/deb/serve.ts'
import { fetchText } from '../standins/shared/http.ts'

const patience = 120_000

interface ShownApp {
  tasksRunning: number
  tasksHealthy: number
  version: string
  deployments: unknown[]
  tasks: { id: string; host: string; ports: number[] }[]
}

const webApp = {
  id: '/web',
  cmd: `exec /opt/node/bin/node -e "require('http').createServer((q, s) => s.end(process.env.HOST)).listen(process.env.PORT0)"`,
  cpus: 0.1,
  mem: 32,
  instances: 3,
  constraints: [['hostname', 'UNIQUE']],
  portDefinitions: [{ port: 10_100 }],
  healthChecks: [{ protocol: 'HTTP', path: '/', intervalSeconds: 1, gracePeriodSeconds: 30 }],
}

const json = async (url: string, options: { method?: string; body?: unknown } = {}) => {
  const { status, body } = await fetchText(url, { ...options, withinMs: 5000 })
  return { status, said: body === '' ? undefined : JSON.parse(body) }
}

const idsOf = ({ tasks }: ShownApp) => tasks.map(({ id }) => id).toSorted()

const killMain = (node: LabNode, unit: string) =>
  onNode(node, 'systemctl', 'kill', '--kill-whom=main', '--signal=KILL', unit)

const logOf = (node: LabNode, unit: string) =>
  onNode(node, 'journalctl', '--unit', unit, '--output=cat', '--no-pager', '--lines=200')

const metricsOf = async ({ address }: LabNode, port: number): Promise<Record<string, number>> =>
  (await json(`http://${address}:${port}/metrics/snapshot`)).said

describe(
  'the stand-ins for Mesos and Marathon, on three nodes with a real ZooKeeper',
  { skip: whyNoLab() ?? false },
  () => {
    const fleetUp = fleetOfSuite({ count: 3, packages: ['zookeeper', 'curl'] })
    const dir = mkdtempSync(join(tmpdir(), 'standins-'))
    let debs: Standins
    let served: DebServer

    before(async () => {
      const { lab, mustTrivet } = fleetUp()
      debs = await buildStandins(dir)
      served = await serveDebs(dir, lab.gateway)
      for (const { name } of lab.nodes) await mustTrivet('node', 'assign', name, 'zookeeper')
      await Promise.all(lab.nodes.map(({ name }) => mustTrivet('converge', name, '--wait')))
      await Promise.all(lab.nodes.map(install))
    })
    after(async () => {
      await served?.close()
      rmSync(dir, { recursive: true })
    })

    const nodes = () => fleetUp().lab.nodes
    const first = () => nodes()[0] ?? assert.fail('no node')

    async function install(node: LabNode) {
      for (const { file } of [debs.mesos, debs.marathon])
        await onNode(node, 'curl', '--fail', '--silent', '--output', `/tmp/${file}`, served.urlOf(file))
      // Nothing starts before it is configured.
      const units = ['mesos-master', 'mesos-slave', 'marathon']
      await onNode(node, 'systemctl', 'mask', ...units)
      await onNode(node, 'dpkg', '--install', ...[debs.mesos, debs.marathon].map(({ file }) => `/tmp/${file}`))
      const { stdout } = await node.exec(['systemctl', 'is-active', ...units])
      assert.deepEqual(stdout.trim().split('\n'), ['inactive', 'inactive', 'inactive'])
      const zk = `zk://${nodes()
        .map(({ address }) => `${address}:2181`)
        .join(',')}`
      await node.write('/etc/mesos/zk', `${zk}/mesos\n`)
      for (const role of ['master', 'slave']) {
        await node.write(`/etc/mesos-${role}/ip`, `${node.address}\n`)
        await node.write(`/etc/mesos-${role}/hostname`, `${node.address}\n`)
      }
      await node.write('/etc/mesos-master/quorum', '2\n')
      const settings = { MASTER: `${zk}/mesos`, ZK: `${zk}/marathon`, HOSTNAME: node.address, MESOS_USER: 'root' }
      const lines = Object.entries(settings).map(([name, value]) => `MARATHON_${name}=${value}\n`)
      await node.write('/etc/default/marathon', lines.join(''))
      for (const unit of units)
        await node.write(`/etc/systemd/system/${unit}.service.d/soon.conf`, '[Service]\nRestartSec=3\n')
      await onNode(node, 'systemctl', 'unmask', ...units)
      await onNode(node, 'systemctl', 'enable', '--now', ...units)
    }

    async function awaitLeader(except?: LabNode): Promise<LabNode> {
      let leader: LabNode | undefined
      await until(
        'one master to lead with three active agents',
        async () => {
          for (const node of nodes().filter((one) => one !== except)) {
            const metrics = await metricsOf(node, 5050).catch(() => undefined)
            if (metrics?.['master/elected'] === 1 && metrics['master/slaves_active'] === 3) leader = node
          }
          return leader !== undefined
        },
        patience,
      )
      return leader ?? assert.fail()
    }

    async function awaitApp(what: string, is: (app: ShownApp) => boolean, asked = first()): Promise<ShownApp> {
      let app: ShownApp | undefined
      await until(
        () => `${what}, not ${JSON.stringify(app)}`,
        async () => {
          const { status, said } = await json(`http://${asked.address}:8080/v2/apps/web`).catch(() => ({
            status: 0,
            said: undefined,
          }))
          app = said?.app
          return status === 200 && app !== undefined && is(app) && app.deployments.length === 0
        },
        patience,
      )
      return app ?? assert.fail()
    }

    test('they elect, register, and send others to the leader', async () => {
      const leader = await awaitLeader()
      const other = nodes().find((node) => node !== leader) ?? assert.fail()
      await until('the leader to have counted three logs', async () => {
        const metrics = await metricsOf(leader, 5050)
        return metrics['registrar/log/recovered'] === 1 && metrics['registrar/log/ensemble_size'] === 3
      })
      const said = await onNode(
        other,
        'curl',
        '--silent',
        '--output',
        '/dev/null',
        '--write-out',
        '%{http_code} %header{location}',
        `http://${other.address}:5050/slaves`,
      )
      assert.equal(said, `307 //${leader.address}:5050/slaves`)
    })

    test('an app runs, serves, is scaled and rolled, and the same again changes nothing', async () => {
      const url = `http://${first().address}:8080/v2/apps`
      await until(
        'Marathon to lead',
        async () =>
          (await json(`http://${first().address}:8080/v2/leader`).catch(() => ({ status: 0 }))).status === 200,
        patience,
      )
      assert.equal((await json(url, { method: 'POST', body: webApp })).status, 201)
      const app = await awaitApp('three healthy tasks', ({ tasksHealthy }) => tasksHealthy === 3)
      for (const { host, ports } of app.tasks)
        assert.equal((await fetchText(`http://${host}:${ports[0]}/`, { withinMs: 5000 })).body, host)
      assert.equal((await json(url, { method: 'POST', body: webApp })).status, 409)
      assert.equal((await json(`${url}/web`, { method: 'PUT', body: webApp })).status, 200)
      assert.deepEqual(idsOf(await awaitApp('the same tasks', ({ tasksHealthy }) => tasksHealthy === 3)), idsOf(app))
      await json(`${url}/web`, { method: 'PATCH', body: { instances: 2 } })
      await awaitApp('two tasks', ({ tasksRunning }) => tasksRunning === 2)
      await json(`${url}/web`, { method: 'PATCH', body: { instances: 2, constraints: [], labels: { a: 'b' } } })
      const rolled = await awaitApp(
        'two new tasks',
        (now) => now.tasksHealthy === 2 && idsOf(now).every((id) => !idsOf(app).includes(id)),
      )
      assert.equal(rolled.tasks.length, 2)
    })

    test('the tasks outlive agent, leading master and leading Marathon', async () => {
      const earlier = await awaitApp('two healthy tasks', ({ tasksHealthy }) => tasksHealthy === 2)
      const leader = await awaitLeader()
      await Promise.all(nodes().map((node) => killMain(node, 'mesos-slave')))
      await killMain(leader, 'mesos-master')
      await awaitLeader(leader)
      const { said } = await json(`http://${first().address}:8080/v2/leader`)
      const marathon = nodes().find(({ address }) => said.leader === `${address}:8080`) ?? assert.fail()
      await killMain(marathon, 'marathon')
      const asked = nodes().find((node) => node !== marathon) ?? assert.fail()
      const now = await awaitApp(
        'two healthy tasks under another leader',
        ({ tasksHealthy }) => tasksHealthy === 2,
        asked,
      )
      assert.deepEqual(idsOf(now), idsOf(earlier))
    })

    test('a master that is stopped ends well, though it led and its logger ends with it', async () => {
      for (let round = 0; round < 3; round++) {
        const leader = await awaitLeader()
        await onNode(leader, 'systemctl', 'stop', 'mesos-master')
        const state = await onNode(leader, 'systemctl', 'show', '--property=ActiveState', '--value', 'mesos-master')
        assert.equal(state, 'inactive', await logOf(leader, 'mesos-master'))
        await onNode(leader, 'systemctl', 'start', 'mesos-master')
      }
    })

    test('a stray file, another hostname and one master too many are refused as published', async () => {
      await awaitLeader()
      const node = first()
      await node.write('/etc/mesos-slave/hostname~', 'old\n')
      await node.exec(['systemctl', 'restart', 'mesos-slave'])
      await until(
        'the agent to refuse the stray file',
        async () => (await logOf(node, 'mesos-slave')).includes("Failed to load unknown flag 'hostname~'"),
        patience,
      )
      await onNode(node, 'rm', '/etc/mesos-slave/hostname~')
      await node.write('/etc/mesos-slave/hostname', 'renamed\n')
      await until(
        'the agent to refuse its new name',
        async () => (await logOf(node, 'mesos-slave')).includes('Incompatible agent info detected'),
        patience,
      )
      await node.write('/etc/mesos-slave/hostname', `${node.address}\n`)
      await awaitLeader()
      await node.write('/etc/mesos-master/quorum', '1\n')
      await onNode(node, 'systemctl', 'restart', 'mesos-master')
      await until(
        'the master to refuse its quorum',
        async () => (await logOf(node, 'mesos-master')).includes('more than 2*quorum-1 = 1'),
        patience,
      )
      await node.write('/etc/mesos-master/quorum', '2\n')
      await awaitLeader()
    })

    test('a Marathon with an unknown variable exits with 112', async () => {
      const result = await first().exec(['/usr/share/marathon/bin/marathon'], { env: { MARATHON_URL: 'x' } })
      assert.deepEqual([result.exitCode, result.stderr.trim()], [112, "[scallop] Error: Unknown option 'url'"])
    })

    test('each takes less than 60 MB', async () => {
      for (const node of nodes())
        for (const unit of ['mesos-master', 'mesos-slave', 'marathon']) {
          let pid = '0'
          await until(`${unit} to run on ${node.name}`, async () => {
            pid = await onNode(node, 'systemctl', 'show', '--property=MainPID', '--value', unit)
            return pid !== '0'
          })
          const kb = Number(/^VmRSS:\s+(\d+) kB$/m.exec(await onNode(node, 'cat', `/proc/${pid}/status`))?.[1])
          assert.ok(kb < 61_440, `${unit} on ${node.name} takes ${kb} kB`)
        }
    })
  },
)
