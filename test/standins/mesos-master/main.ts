import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { Channel, upgradeName } from '../shared/channel.ts'
import { serve } from '../shared/http.ts'
import { durationMs, FlagError, type Flags, parseMesosFlags, specsOf } from '../shared/mesos-flags.ts'
import { die, dieOfErrors, log, logInto, nameOf, ownAddress } from '../shared/program.ts'
import { parseZkUrl, ZooKeeper } from '../shared/zookeeper.ts'
import { Cluster } from './cluster.ts'
import { contend, type MasterInfo, numberOf, watchLeader } from './election.ts'
import type { Agent, Framework } from './members.ts'
import { ReplicatedLog } from './replicated-log.ts'
import { routesOf } from './routes.ts'
import type { Shown } from './views.ts'

dieOfErrors()
const flags = flagsOrExit()
if (flags.log_dir) logInto(flags.log_dir, 'mesos-master')
const registryMs = {
  fetch: durationMs(flags.registry_fetch_timeout ?? '') ?? 60_000,
  store: durationMs(flags.registry_store_timeout ?? '') ?? 20_000,
}
const quorum = Number(flags.quorum ?? 1)
const url = requiredSettings(flags)

const ip = await ownAddress(flags.ip)
const hostname = flags.hostname ?? (flags.hostname_lookup === 'false' ? ip : await nameOf(ip))
const port = Number(flags.port)
const address = { hostname, ip: flags.advertise_ip ?? ip, port: Number(flags.advertise_port ?? port) }
const info: MasterInfo = {
  id: randomUUID(),
  ip: numberOf(address.ip),
  port: address.port,
  pid: `master@${address.ip}:${address.port}`,
  hostname,
  version: '1.11.0',
  address,
}
const shown: Shown = {
  info,
  leader: undefined,
  cluster: undefined,
  flags,
  startedAt: Date.now() / 1000,
  electedAt: undefined,
  ensembleSize: 0,
  hasRecovered: false,
}

let zk: ZooKeeper | undefined
const self = `${address.ip}:${address.port}`
const registry = new ReplicatedLog({
  folder: join(flags.work_dir ?? '/', 'replicated_log'),
  quorum,
  self,
  members: replicas,
  autoInitialize: flags.log_auto_initialize !== 'false',
})

const server = serve(routesOf(shown, registry))
server.on('error', (error) => die(`Failed to initialize, bind: ${error.message}`))
server.listen(port, flags.ip ?? '0.0.0.0')
await once(server, 'listening')
log(`Version: 1.11.0 (a stand-in of Trivet's tests), master ${info.id} (${hostname}) started on ${self}`)
server.on('upgrade', (request, socket, head) => {
  const { cluster } = shown
  if (!cluster) return socket.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n')
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${upgradeName}\r\n\r\n`)
  socket.unshift(head)
  return request.url === '/stand-in/agent' ? joinAgent(cluster, socket) : joinFramework(cluster, socket)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => void (zk?.close() ?? Promise.resolve()).finally(() => process.exit(0)))

if (url) {
  zk = await ZooKeeper.connect(url.hosts, durationMs(flags.zk_session_timeout ?? '') ?? 10_000)
  zk?.onLost(() => die('Lost ZooKeeper, and with it candidacy or leadership... committing suicide!'))
  await zk?.mkdirp(`${url.path}/log_replicas`)
  await zk?.createNumber(`${url.path}/log_replicas`, `log-replica(1)@${self}`)
}
watchNumber()
// Candidates stand before their log is whole, as in life: the elected one has its minute for that.
registry.recover().then(
  // A follower's replica has caught up too, and its metrics say so.
  () => (shown.hasRecovered = true),
  (error: unknown) => die(`Recovery of the log failed: ${String(error)}`),
)
if (zk && url) {
  await contend(zk, url.path, info)
  await watchLeader(zk, url.path, detected)
} else {
  detected(info)
}

function detected(leader: MasterInfo | undefined) {
  shown.leader = leader
  log(leader ? `The newly elected leader is ${leader.pid} with id ${leader.id}` : 'No leader is elected')
  if (leader?.id === info.id) {
    if (shown.electedAt === undefined) void lead()
  } else if (shown.electedAt !== undefined) die('Lost leadership... committing suicide!')
}

async function lead() {
  log('Elected as the leading master!')
  shown.electedAt = Date.now() / 1000
  const signal = AbortSignal.timeout(registryMs.fetch)
  const kept = await registry
    .fetch(signal)
    .catch(() =>
      die(
        `Recovery failed: Failed to recover registrar: Failed to perform fetch within ${flags.registry_fetch_timeout === '60secs' ? '1mins' : flags.registry_fetch_timeout}`,
      ),
    )
  log(`Recovered ${kept.agents.length} agents from the registry`)
  shown.cluster = new Cluster(
    {
      masterId: info.id,
      masterName: hostname,
      timing: {
        pingMs: durationMs(flags.agent_ping_timeout ?? '') ?? 15_000,
        maxMissed: Number(flags.max_agent_ping_timeouts ?? 5),
        reregisterMs: durationMs(flags.agent_reregister_timeout ?? '') ?? 600_000,
      },
      save,
    },
    kept,
  )
}

async function save(kept: Parameters<ReplicatedLog['append']>[0]) {
  const until = Date.now() + registryMs.store
  for (;;) {
    try {
      return await registry.append(kept)
    } catch (error) {
      if (Date.now() > until)
        return die(
          `Failed to update registry: Failed to perform store within ${flags.registry_store_timeout}: ${String(error)}`,
        )
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }
}

async function replicas(): Promise<string[]> {
  if (!zk || !url) return []
  const path = `${url.path}/log_replicas`
  const names = await zk.children(path)
  const pids = await Promise.all(names.map((name) => zk?.get(`${path}/${name}`)))
  return pids.flatMap((pid) => pid?.split('@')[1] ?? [])
}

/** In life nothing notices it, and the log is corrupted some day. */
function watchNumber() {
  const look = async () => {
    const live = await registry.countLive()
    shown.ensembleSize = live
    if (live > 2 * quorum - 1)
      die(
        `${live} masters run, more than 2*quorum-1 = ${2 * quorum - 1}: in life this corrupts the replicated log. Is --quorum=${quorum} right?`,
      )
  }
  if (url) setInterval(() => void look(), 2000)
  else shown.ensembleSize = 1
}

function joinAgent(cluster: Cluster, socket: Duplex) {
  let agent: Agent | undefined
  let heardBefore = Promise.resolve()
  const hear = async (line: string) => {
    agent = await cluster.heardAgent(channel, JSON.parse(line), agent)
  }
  const channel: Channel = new Channel(
    socket,
    (line) => void (heardBefore = heardBefore.then(() => hear(line))),
    () => cluster.agentClosed(channel, agent),
  )
}

function joinFramework(cluster: Cluster, socket: Duplex) {
  let framework: Framework | undefined
  const channel: Channel = new Channel(
    socket,
    (line) => (framework = cluster.heardFramework(channel, JSON.parse(line), framework)),
    () => cluster.frameworkClosed(channel, framework),
  )
}

function flagsOrExit(): Flags {
  try {
    const given = parseMesosFlags(specsOf('mesos-master'), process.argv.slice(2), process.env)
    if (given.help !== 'true' && given.version !== 'true') return given
    process.stdout.write(given.version === 'true' ? 'mesos 1.11.0\n' : 'Usage: mesos-master [options]\n')
    return process.exit(0)
  } catch (error) {
    if (!(error instanceof FlagError)) throw error
    process.stderr.write(`${error.message}\n\nUsage: mesos-master [options]\n`)
    return process.exit(1)
  }
}

function requiredSettings(given: Flags) {
  if (given.registry !== 'in_memory' && !given.work_dir) die('--work_dir needed for replicated log based registry')
  if (given.zk === undefined) return undefined
  if (given.registry !== 'in_memory' && given.quorum === undefined)
    die('--quorum needed for replicated log based registry when using ZooKeeper')
  const parsed = parseZkUrl(given.zk)
  if (!parsed || parsed.path === '')
    die(
      `Failed to create a master contender: ${parsed ? "Expecting a (chroot) path for ZooKeeper ('/' is not supported)" : `Failed to parse '${given.zk}'`}`,
    )
  return parsed
}
