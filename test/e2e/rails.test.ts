import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { readText } from '../../lab/demo/cluster-prove.ts'
import { type Fleet, upFleet } from '../../lab/fleet.ts'
import type { LabNode } from '../../lab/node.ts'
import { whyNoLab } from '../../lab/requirements.ts'
import { run, until } from '../../lab/run.ts'
import { fleetParts, onNode } from '../helpers/fleet.ts'
import { ensureTools } from '../helpers/host-tools.ts'
import { buildStandins } from '../standins/deb/build.ts'
import { type DebServer, serveDebs } from '../standins/deb/serve.ts'
import { fetchText } from '../standins/shared/http.ts'

const patience = 120_000
const id = '/shop/web'
const ownName = 'web.shop.cluster.internal'
const vhost = 'shop.example'

/** Each task says which it is. */
const app = {
  cmd: 'mkdir -p www && echo "$HOST $MESOS_TASK_ID" > www/index.html && exec busybox httpd -f -p "$PORT0" -h www',
  cpus: 0.1,
  mem: 16,
  instances: 2,
  portDefinitions: [{ port: 10_080, protocol: 'tcp', name: 'http' }],
  labels: { HAPROXY_0_VHOST: vhost },
  healthChecks: [{ protocol: 'MESOS_HTTP', path: '/', portIndex: 0, gracePeriodSeconds: 30, intervalSeconds: 2 }],
}

const Shown = z.object({
  app: z.object({
    tasksHealthy: z.int(),
    deployments: z.array(z.unknown()),
    tasks: z.array(z.object({ id: z.string(), host: z.string(), ports: z.array(z.int()) })),
  }),
})
type Task = z.infer<typeof Shown>['app']['tasks'][number]

const Services = z.record(
  z.string(),
  z.object({ Tags: z.array(z.string()).nullable(), Address: z.string(), Port: z.int() }),
)
const Checks = z.record(z.string(), z.object({ ServiceID: z.string(), Status: z.string() }))
const Found = z.array(z.object({ Service: z.object({ ID: z.string(), Port: z.int() }) }))

async function ask(node: LabNode, url: string): Promise<unknown> {
  const script = `fetch(process.argv[1]).then((answer) => answer.text()).then((text) => process.stdout.write(text))`
  return JSON.parse(await onNode(node, '/opt/node/bin/node', '-e', script, url))
}

const askConsul = (node: LabNode, path: string) => ask(node, `http://127.0.0.1:8500/v1${path}`)

const answer = async (url: string, host: string) => {
  const { stdout } = await run(['curl', '-s', '-m', '5', '-w', '\n%{http_code}', '-H', `Host: ${host}`, url])
  const [, body = '', status = ''] = /^([^]*)\n(\d+)$/.exec(stdout) ?? []
  return { status: Number(status), body: body.trim() }
}

/** What clients of the slave's port 80 meet, in as many requests as meet each task at least once. */
async function metOn({ address }: LabNode, host: string, requests: number) {
  const met = new Set<string>()
  for (let count = 0; count < requests; count++) {
    const { status, body } = await answer(`http://${address}/`, host)
    met.add(status === 200 ? body : String(status))
  }
  return [...met].toSorted()
}

const healthOf = async ({ address }: LabNode) => (await answer(`http://${address}/_bridge/health`, address)).status

const ports = (tasks: Task[]) => tasks.map((task) => task.ports[0] ?? 0).toSorted((a, b) => a - b)

const leaderOf = async (asked: LabNode) => {
  const text = await readText(`http://${asked.address}:8080/v2/leader`)
  return text === undefined ? undefined : z.object({ leader: z.string() }).parse(JSON.parse(text)).leader
}

const resolve = async (node: LabNode, name: string) => {
  const { stdout } = await node.exec(['getent', 'ahostsv4', name])
  return [...new Set(stdout.split('\n').flatMap((line) => line.split(' ')[0] || []))].toSorted()
}

const metBy = (tasks: Task[]) => tasks.map((task) => `${task.host} ${task.id}`).toSorted()

const logOfBridge = (node: LabNode) =>
  onNode(node, 'journalctl', '--unit=trivet-bridge', '--output=cat', '--no-pager', '--lines=5')

const ids = (tasks: Task[]) => tasks.map((task) => task.id).toSorted()

/** What a slave is wrong in; nothing where Consul, HAProxy and the health URL tell of its own tasks and no others. */
async function wrongOn(slave: LabNode, all: Task[]) {
  const own = all.filter(({ host }) => host === slave.address)
  const services = Object.entries(Services.parse(await askConsul(slave, '/agent/services')))
  const registered = services.filter(([, { Tags }]) => Tags?.includes('trivet-bridge'))
  const ours = new Set(registered.map(([key]) => key))
  const checks = Object.values(Checks.parse(await askConsul(slave, '/agent/checks')))
  const told = {
    registered: registered.map(([, { Address, Port }]) => `${Address}:${Port}`).toSorted(),
    checks: checks.filter(({ ServiceID }) => ours.has(ServiceID)).map(({ Status }) => Status),
    served: await metOn(slave, vhost, 2 * own.length + 1),
    health: await healthOf(slave),
  }
  const wanted = {
    registered: ports(own).map((port) => `${slave.address}:${port}`),
    checks: own.map(() => 'passing'),
    served: own.length === 0 ? ['503'] : metBy(own),
    health: own.length === 0 ? 503 : 200,
  }
  return isDeepStrictEqual(told, wanted)
    ? undefined
    : `${slave.name} has ${JSON.stringify(told)}, not ${JSON.stringify(wanted)}`
}

describe('the small cluster for Rails: one master and two slaves', { skip: whyNoLab() ?? false }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'standins-'))
  let fleet: Fleet | undefined
  let debs: DebServer | undefined

  before(async () => {
    await ensureTools('curl')
    fleet = await upFleet({ count: 3, ...(await fleetParts()) })
    const { mesos, marathon } = await buildStandins(dir)
    const served = await serveDebs(dir, fleet.lab.gateway)
    debs = served
    const sourceOf = ({ file, sha256 }: typeof mesos) => ({ deb: { url: served.urlOf(file), sha256, insecure: true } })
    const attributes = {
      'base.packages': ['busybox'],
      'zookeeper.heapMb': 128,
      'mesos.source': sourceOf(mesos),
      'marathon.source': sourceOf(marathon),
      'haproxy-bridge.drainSeconds': 3,
      'sample-job.id': id,
      'sample-job.app': app,
      'sample-job.slaves': 2,
    }
    for (const [key, value] of Object.entries(attributes))
      await fleet.mustTrivet('cluster', 'set', 'default', key, JSON.stringify(value))
  })
  after(async () => {
    await fleet?.down()
    await debs?.close()
    rmSync(dir, { recursive: true })
  })

  function up() {
    assert(fleet)
    const [master, first, second] = fleet.lab.nodes
    assert(master && first && second)
    return { fleet, master, slaves: [first, second] }
  }

  /** Of the app, from whichever Marathon answers. */
  async function shown() {
    for (const { address } of up().slaves) {
      const text = await readText(`http://${address}:8080/v2/apps${id}`)
      const { data } = Shown.safeParse(text === undefined ? undefined : JSON.parse(text))
      if (data) return data.app
    }
    return undefined
  }

  /** Waits until Marathon has so many healthy tasks, and every slave is right; gives the tasks. */
  async function untilRight(count: number, isWanted: (tasks: Task[]) => boolean = () => true) {
    let seen: unknown
    return until(
      () => `${count} tasks that are right everywhere: ${JSON.stringify(seen)}`,
      async () => {
        const now = await shown()
        seen = now
        if (now?.tasksHealthy !== count || now.tasks.length !== count || now.deployments.length > 0) return false
        if (!isWanted(now.tasks)) return false
        const wrong = await Promise.all(up().slaves.map((slave) => wrongOn(slave, now.tasks)))
        seen = wrong.filter((one) => one !== undefined)
        return wrong.every((one) => one === undefined) && now.tasks
      },
      patience,
    )
  }

  async function scale(count: number) {
    const [{ address } = assert.fail()] = up().slaves
    const url = `http://${address}:8080/v2/apps${id}`
    const { status, body } = await fetchText(url, {
      method: 'PATCH',
      body: { instances: count },
      withinMs: 10_000,
    })
    assert.equal(status, 200, body)
    return untilRight(count)
  }

  test('all nodes come to be as they should by their roles alone', async () => {
    const { fleet: there, master, slaves } = up()
    await Promise.all([
      there.join(master, ['--role', 'rails-master']),
      ...slaves.map((slave) => there.join(slave, ['--role', 'rails-slave', '--role', 'sample-job'])),
    ])
    const { exitCode, stdout, stderr } = await there.trivet('node', 'wait', '--all', '--for', '10m')
    assert.equal(exitCode, 0, `${stdout}${stderr}${await there.mustTrivet('node', 'list')}`)
  })

  test('Docker runs on the slaves, Marathon on both, of which one leads, and none on the master', async () => {
    const { master, slaves } = up()
    for (const slave of slaves)
      assert.match(await onNode(slave, 'docker', 'version', '--format', '{{.Server.Version}}'), /^\d/)
    const leaders = await Promise.all(slaves.map(leaderOf))
    assert.equal(leaders[0], leaders[1])
    assert(slaves.some(({ address }) => leaders[0] === `${address}:8080`))
    assert.equal(await readText(`http://${master.address}:8080/ping`), undefined)
    for (const unit of ['mesos-master', 'zookeeper', 'consul'])
      assert.equal(await onNode(master, 'systemctl', 'is-active', unit), 'active')
  })

  test('Consul 1.8.7 has a leader, one server and two clients', async () => {
    const { master, slaves } = up()
    assert.equal(await askConsul(master, '/status/leader'), `${master.address}:8300`)
    const members = await onNode(master, 'consul', 'members')
    assert.match(members, new RegExp(`^${master.name} .* alive +server +1\\.8\\.7`, 'm'))
    for (const { name } of slaves) assert.match(members, new RegExp(`^${name} .* alive +client +1\\.8\\.7`, 'm'))
  })

  test('each slave has its own task alone, in Consul and on port 80', async () => {
    const tasks = await untilRight(2)
    assert.deepEqual(
      tasks.map(({ host }) => host).toSorted(),
      up()
        .slaves.map(({ address }) => address)
        .toSorted(),
    )
  })

  test('what leads to no name is for the only app, and the name of the app is as good as its label', async () => {
    const tasks = await untilRight(2)
    for (const slave of up().slaves) {
      const own = metBy(tasks.filter(({ host }) => host === slave.address))
      assert.deepEqual(await metOn(slave, slave.address, 2), own)
      assert.deepEqual(await metOn(slave, ownName, 2), own)
    }
  })

  test('dnsmasq answers for the app, for its service and for Consul itself', async () => {
    const { master, slaves } = up()
    await untilRight(2)
    for (const slave of slaves) {
      assert.deepEqual(await resolve(slave, ownName), [slave.address])
      assert.deepEqual(await resolve(slave, 'consul.service.consul'), [master.address])
      const both = slaves.map(({ address }) => address).toSorted()
      await until('the service of the app', async () =>
        isDeepStrictEqual(await resolve(slave, 'shop-web.service.consul'), both),
      )
    }
  })

  test('scaled to one, the slave without a task goes down for the load balancer; scaled up, it comes back', async () => {
    const [task] = await scale(1)
    const idle = up().slaves.find(({ address }) => address !== task?.host)
    assert(idle)
    assert.equal(await healthOf(idle), 503)
    const names = await resolve(idle, 'shop-web.service.consul')
    assert.deepEqual(names, [task?.host])
    await scale(4)
    assert.equal(await healthOf(idle), 200)
  })

  test('what others tell Consul is left alone, and never served', async () => {
    const [slave = assert.fail()] = up().slaves
    const foreign = {
      by: ['-id=by-hand', '-name=by-hand', '-port=9'],
      same: ['-id=other', '-name=shop-web', '-port=9'],
    }
    for (const flags of Object.values(foreign)) await onNode(slave, 'consul', 'services', 'register', ...flags)
    await scale(3)
    await scale(4)
    const services = Services.parse(await askConsul(slave, '/agent/services'))
    assert(services['by-hand'] && services['other'])
    await untilRight(4)
    for (const name of ['by-hand', 'other']) await onNode(slave, 'consul', 'services', 'deregister', `-id=${name}`)
  })

  test('a task that is killed leaves Consul and HAProxy, and another comes for it', async () => {
    const [slave = assert.fail()] = up().slaves
    const killed = (await untilRight(4)).find(({ host }) => host === slave.address) ?? assert.fail()
    const processes = await onNode(slave, 'ps', '-e', '-o', 'pid=,args=')
    const [, pid = assert.fail(processes)] =
      new RegExp(`^ *(\\d+) busybox httpd -f -p ${killed.ports[0]} `, 'm').exec(processes) ?? []
    await onNode(slave, 'kill', '-KILL', pid)
    await untilRight(4, (tasks) => tasks.every((task) => task.id !== killed.id))
    const found = Found.parse(await askConsul(slave, '/health/service/shop-web?passing'))
    assert.equal(found.length, 4)
    assert(!found.some(({ Service }) => Service.ID.includes(killed.id)))
  })

  test('the leading Marathon killed, another leads, the tasks stay, and a change reaches all', async () => {
    const { slaves } = up()
    const earlier = await untilRight(4)
    const led = await leaderOf(slaves[0] ?? assert.fail())
    const leader = slaves.find(({ address }) => led === `${address}:8080`) ?? assert.fail()
    await onNode(leader, 'systemctl', 'kill', '--kill-whom=main', '--signal=KILL', 'marathon')
    for (const slave of slaves)
      assert.deepEqual(await metOn(slave, vhost, 5), metBy(earlier.filter(({ host }) => host === slave.address)))
    await until(
      'both Marathons to know one leader',
      async () => {
        const [one, other] = await Promise.all(slaves.map(leaderOf))
        return one !== undefined && one === other
      },
      patience,
    )
    assert.deepEqual(ids(await untilRight(4)), ids(earlier))
    await scale(2)
  })

  test('while Consul is away, what was served is served on, also by a bridge that begins anew', async () => {
    const tasks = await untilRight(2)
    const slave = up().slaves.find(({ address }) => tasks.some(({ host }) => host === address)) ?? assert.fail()
    const own = tasks.filter(({ host }) => host === slave.address)
    await onNode(slave, 'systemctl', 'stop', 'consul')
    await onNode(slave, 'systemctl', 'restart', 'trivet-bridge')
    await until('the bridge to miss Consul', async () => /trouble with consul/.test(await logOfBridge(slave)))
    assert.deepEqual(await metOn(slave, vhost, 3), metBy(own))
    assert.equal(await healthOf(slave), 200)
    await onNode(slave, 'systemctl', 'start', 'consul')
    await scale(3)
    await scale(2)
  })

  test('converged again, nothing changes', async () => {
    const { exitCode, stdout } = await up().fleet.trivet('converge', '--all', '--wait', '--detailed-exitcodes')
    assert.equal(exitCode, 0, stdout)
    assert.match(stdout, /3 converged\. 0 resources changed/)
    await untilRight(2)
  })
})
