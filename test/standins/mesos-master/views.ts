import { isTerminal, type Task } from '../shared/protocol.ts'
import { showResources, sumOf } from '../shared/resources.ts'
import type { Cluster } from './cluster.ts'
import type { MasterInfo } from './election.ts'
import type { Agent, Framework } from './members.ts'

/** What GET /state and its like show, in the words of Mesos 1.11. */

export interface Shown {
  info: MasterInfo
  leader: MasterInfo | undefined
  cluster: Cluster | undefined
  flags: Record<string, string>
  startedAt: number
  electedAt: number | undefined
  ensembleSize: number
  hasRecovered: boolean
}

const nothing = { cpus: 0, mem: 0, disk: 0, gpus: 0, ports: [] }

export function showState({ info, leader, cluster, flags, startedAt, electedAt }: Shown) {
  const agents = cluster ? [...cluster.agents.values()] : []
  return {
    version: '1.11.0',
    build_date: '2020-11-19 00:00:00',
    build_time: 1_605_744_000,
    build_user: 'stand-in',
    start_time: startedAt,
    ...(electedAt !== undefined && { elected_time: electedAt }),
    id: info.id,
    pid: info.pid,
    hostname: info.hostname,
    capabilities: ['AGENT_UPDATE', 'AGENT_DRAINING', 'QUOTA_V2'],
    activated_slaves: agents.filter(({ channel }) => channel).length,
    deactivated_slaves: agents.filter(({ channel, recovered }) => !channel && !recovered).length,
    unreachable_slaves: cluster?.unreachable.size ?? 0,
    ...(leader && { leader: leader.pid, leader_info: showLeader(leader) }),
    ...(flags.cluster && { cluster: flags.cluster }),
    ...(flags.log_dir && { log_dir: flags.log_dir }),
    flags,
    ...showSlaves(cluster),
    ...showFrameworks(cluster),
    orphan_tasks: [],
  }
}

function showLeader({ id, pid, port, hostname }: MasterInfo) {
  return { id, pid, port, hostname }
}

export function showSlaves(cluster: Cluster | undefined) {
  const agents = cluster ? [...cluster.agents.values()] : []
  return {
    slaves: agents
      .filter(({ recovered }) => !recovered)
      .map((agent) => showSlave(agent, cluster?.tasksOf(agent.id) ?? [])),
    recovered_slaves: agents.filter(({ recovered }) => recovered).map((agent) => showSlave(agent, [])),
  }
}

function showSlave({ id, info, channel, version, registeredAt, reregisteredAt }: Agent, tasks: Task[]) {
  return {
    id,
    hostname: info.hostname,
    port: info.port,
    attributes: info.attributes,
    pid: `slave(1)@${info.ip}:${info.port}`,
    registered_time: registeredAt,
    ...(reregisteredAt !== undefined && { reregistered_time: reregisteredAt }),
    resources: showResources(info.resources),
    used_resources: showResources(sumOf(tasks)),
    offered_resources: showResources(nothing),
    reserved_resources: {},
    unreserved_resources: showResources(info.resources),
    active: channel !== undefined,
    deactivated: false,
    version,
    capabilities: ['MULTI_ROLE', 'HIERARCHICAL_ROLE', 'RESERVATION_REFINEMENT'],
  }
}

export function showFrameworks(cluster: Cluster | undefined) {
  const show = (framework: Framework) => showFramework(framework, cluster?.tasksOfFramework(framework.info.id) ?? [])
  return {
    frameworks: cluster ? [...cluster.frameworks.values()].map(show) : [],
    completed_frameworks: cluster ? cluster.completedFrameworks.map(show) : [],
    unregistered_frameworks: [],
  }
}

const isUnreachable = (task: Task) => task.state === 'TASK_UNREACHABLE'

function showFramework(framework: Framework, tasks: Task[]) {
  const { info, channel, recovered, completed } = framework
  const live = tasks.filter(({ state }) => !isTerminal(state))
  return {
    id: info.id,
    name: info.name,
    user: info.user,
    hostname: info.hostname,
    webui_url: info.webuiUrl,
    checkpoint: info.checkpoint,
    failover_timeout: info.failoverMs / 1000,
    role: info.role,
    capabilities: ['PARTITION_AWARE', 'TASK_KILLING_STATE', 'REGION_AWARE'],
    active: channel !== undefined,
    connected: channel !== undefined,
    recovered,
    registered_time: framework.registeredAt,
    ...(framework.reregisteredAt !== undefined && { reregistered_time: framework.reregisteredAt }),
    ...(framework.unregisteredAt !== undefined && { unregistered_time: framework.unregisteredAt }),
    tasks: live.filter((task) => !isUnreachable(task)).map(showTask),
    unreachable_tasks: live.filter(isUnreachable).map(showTask),
    completed_tasks: completed.map(showTask),
    offers: [],
    executors: [],
    resources: showResources(sumOf(live)),
    used_resources: showResources(sumOf(live)),
    offered_resources: showResources(nothing),
  }
}

export function showTask(task: Task) {
  return {
    id: task.taskId,
    name: task.name,
    framework_id: task.frameworkId,
    executor_id: '',
    slave_id: task.agentId,
    state: task.state,
    resources: showResources(sumOf([task])),
    statuses: [{ state: task.state, timestamp: task.at }],
    labels: Object.entries(task.labels).map(([key, value]) => ({ key, value })),
  }
}

export function showMetrics({ cluster, startedAt, electedAt, ensembleSize, hasRecovered }: Shown) {
  const agents = cluster ? [...cluster.agents.values()] : []
  const active = agents.filter(({ channel }) => channel)
  const tasks = cluster ? [...cluster.tasks.values()] : []
  const frameworks = cluster ? [...cluster.frameworks.values()] : []
  const count = (state: string) => tasks.filter((task) => task.state === state).length
  const connected = frameworks.filter(({ channel }) => channel).length
  return {
    'master/elected': electedAt === undefined ? 0 : 1,
    'master/uptime_secs': Date.now() / 1000 - startedAt,
    'master/slaves_connected': active.length,
    'master/slaves_active': active.length,
    'master/slaves_disconnected': agents.length - active.length,
    'master/slaves_inactive': agents.length - active.length,
    'master/slaves_unreachable': cluster?.unreachable.size ?? 0,
    'master/frameworks_connected': connected,
    'master/frameworks_active': connected,
    'master/frameworks_disconnected': frameworks.length - connected,
    'master/tasks_staging': count('TASK_STAGING'),
    'master/tasks_running': count('TASK_RUNNING'),
    'master/tasks_lost': 0,
    'master/tasks_failed': frameworks
      .flatMap(({ completed }) => completed)
      .filter(({ state }) => state === 'TASK_FAILED').length,
    'master/cpus_total': active.reduce((sum, { info }) => sum + info.resources.cpus, 0),
    'master/cpus_used': sumOf(tasks).cpus,
    'master/mem_total': active.reduce((sum, { info }) => sum + info.resources.mem, 0),
    'master/mem_used': sumOf(tasks).mem,
    'registrar/log/recovered': hasRecovered ? 1 : 0,
    'registrar/log/ensemble_size': ensembleSize,
  }
}
