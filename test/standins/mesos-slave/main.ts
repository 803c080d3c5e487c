import { once } from 'node:events'
import { hostname as localName } from 'node:os'
import { watchLeader, type MasterInfo } from '../mesos-master/election.ts'
import { ok, type Route, serve } from '../shared/http.ts'
import { durationMs, FlagError, type Flags, parseMesosFlags, specsOf } from '../shared/mesos-flags.ts'
import { die, dieOfErrors, log, logInto, nameOf, ownAddress } from '../shared/program.ts'
import type { AgentInfo, ToAgent } from '../shared/protocol.ts'
import { showResources, sumOf } from '../shared/resources.ts'
import { parseZkUrl, ZooKeeper } from '../shared/zookeeper.ts'
import { Checkpoint, incompatibility } from './checkpoint.ts'
import { Link } from './link.ts'
import { assertDocker, attributesOf, resourcesOf } from './machine.ts'
import { Runner } from './runner.ts'

dieOfErrors()
const flags = flagsOrExit()
if (flags.log_dir) logInto(flags.log_dir, 'mesos-slave')
const { master } = flags
if (master === undefined) usage('Missing required option --master')
if (!['equal', 'additive'].includes(flags.reconfiguration_policy ?? ''))
  die(`Failed to create a slave: unknown --reconfiguration_policy=${flags.reconfiguration_policy}`)
const containerizers = (flags.containerizers ?? '').split(',')
for (const one of containerizers)
  if (!['mesos', 'docker'].includes(one))
    die(`Failed to create a containerizer: Unknown or unsupported containerizer: ${one}`)
if (containerizers.includes('docker'))
  await assertDocker(flags).catch((error: Error) =>
    die(
      `Failed to create a containerizer: Could not create DockerContainerizer: Failed to create docker: Failed to get docker version: ${error.message}`,
    ),
  )

const ip = await ownAddress(flags.ip)
const port = Number(flags.port)
const startedAt = Date.now() / 1000
const checkpoint = new Checkpoint(flags.work_dir ?? '/')
const info = await infoOrExit()
let recoveryErrors = 0
recover()

const runner = new Runner({
  checkpoint,
  containerizers,
  docker: flags.docker ?? 'docker',
  switchUser: flags.switch_user !== 'false',
  hostname: info.hostname,
  updated: (status) => link.say({ type: 'update', status }),
})
const link = new Link({
  registration: () => ({
    type: 'register',
    ...(checkpoint.id !== undefined && { agentId: checkpoint.id }),
    info,
    tasks: runner.tasks(),
    version: '1.11.0',
  }),
  heard,
  // As long as a master may go on pinging in vain.
  silenceMs: 75_000,
})
runner.recover()

const server = serve(routes())
server.on('error', (error) => die(`Failed to initialize, bind: ${error.message}`))
server.listen(port, flags.ip ?? '0.0.0.0')
await once(server, 'listening')
log(`Version: 1.11.0 (a stand-in of Trivet's tests), agent ${info.hostname} started on ${ip}:${port}`)
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0))

let detected: MasterInfo | undefined
const url = parseZkUrl(master)
if (url) {
  const zk = await ZooKeeper.connect(url.hosts, durationMs(flags.zk_session_timeout ?? '') ?? 10_000)
  // An agent holds nothing in ZooKeeper, so a new process is as good as a new session; tasks live on.
  zk?.onLost(() => die('Lost ZooKeeper: the detector of masters failed'))
  if (zk) await watchLeader(zk, url.path, lead)
} else {
  const [host = '', its = '5050'] = master.split(':')
  const address = { hostname: host, ip: host, port: Number(its) }
  lead({ id: '', ip: 0, port: Number(its), pid: `master@${master}`, hostname: host, version: '', address })
}

function lead(leader: MasterInfo | undefined) {
  detected = leader
  link.lead(leader)
}

function heard(message: ToAgent) {
  if (message.type === 'registered') {
    log(`Registered with master; given agent ID ${message.agentId}`)
    checkpoint.keep(message.agentId, info)
  } else if (message.type === 'launch') runner.launch(message.task)
  else if (message.type === 'kill') runner.kill(message.taskId)
  else if (message.type === 'acknowledged') runner.acknowledge(message.taskId)
  else if (message.type === 'refused') die(message.message)
}

function recover() {
  const old = checkpoint.recover()
  if (!old) return
  const wrong = incompatibility(old, info, flags.reconfiguration_policy ?? 'equal')
  if (wrong === undefined) return
  if (checkpoint.isOfEarlierBoot) {
    log(`${wrong}\nThe host was rebooted, so this is a new agent.`)
    recoveryErrors += 1
    return checkpoint.forget()
  }
  die(`Failed to perform recovery: ${wrong}
To restart this agent with a new agent id instead, do as follows:
rm -f ${flags.work_dir}/meta/slaves/latest
This ensures that the agent does not recover old live executors.`)
}

async function infoOrExit(): Promise<AgentInfo> {
  try {
    const named = flags.hostname_lookup === 'false' ? ip : await nameOf(ip)
    const hostname = flags.hostname ?? (named === ip ? localName() : named)
    return {
      hostname,
      ip: flags.advertise_ip ?? ip,
      port,
      resources: resourcesOf(flags),
      attributes: attributesOf(flags.attributes),
    }
  } catch (error) {
    return die(`Failed to determine agent resources: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Each stands at /x and, by the name of the process, at /slave(1)/x. */
function at(name: string) {
  return new RegExp(`^(?:/slave\\(1\\))?/${name}$`)
}

function get(name: string, body: () => unknown): Route {
  return { method: '*', path: at(name), handler: () => ok(body()) }
}

function routes(): Route[] {
  return [
    get('health', () => undefined),
    get('flags', () => ({ flags })),
    get('version', () => ({ version: '1.11.0' })),
    get('containers', () =>
      runner
        .live()
        .map(({ taskId, frameworkId }) => ({ container_id: taskId, executor_id: taskId, framework_id: frameworkId })),
    ),
    get('monitor/statistics', () => runner.live().map(({ taskId }) => ({ executor_id: taskId, statistics: {} }))),
    get('state', () => ({
      version: '1.11.0',
      start_time: startedAt,
      id: checkpoint.id ?? '',
      pid: `slave(1)@${info.ip}:${port}`,
      hostname: info.hostname,
      resources: showResources(info.resources),
      attributes: info.attributes,
      master_hostname: link.isRegistered ? (detected?.hostname ?? '') : '',
      flags,
      frameworks: [...new Set(runner.live().map(({ frameworkId }) => frameworkId))].map((id) => ({
        id,
        executors: runner
          .live()
          .filter((task) => task.frameworkId === id)
          .map(({ taskId, sandbox, pid }) => ({ id: taskId, directory: sandbox, pid })),
      })),
    })),
    get('metrics/snapshot', () => ({
      'slave/registered': link.isRegistered ? 1 : 0,
      'slave/uptime_secs': Date.now() / 1000 - startedAt,
      'slave/tasks_running': runner.live().length,
      'slave/recovery_errors': recoveryErrors,
      'slave/cpus_total': info.resources.cpus,
      'slave/cpus_used': sumOf(runner.live()).cpus,
    })),
  ]
}

function flagsOrExit(): Flags {
  try {
    const given = parseMesosFlags(specsOf('mesos-slave'), process.argv.slice(2), process.env)
    if (given.help !== 'true' && given.version !== 'true') return given
    process.stdout.write(given.version === 'true' ? 'mesos 1.11.0\n' : 'Usage: mesos-agent [options]\n')
    return process.exit(0)
  } catch (error) {
    if (!(error instanceof FlagError)) throw error
    return usage(error.message)
  }
}

function usage(message: string): never {
  process.stderr.write(`${message}\n\nUsage: mesos-agent [options]\n`)
  return process.exit(1)
}
