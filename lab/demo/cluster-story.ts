import { CommandError } from '../../cli/command.ts'
import type { Fleet } from '../fleet.ts'
import type { LabNode } from '../node.ts'
import { proveApp, proveSlaves } from './cluster-prove.ts'
import { proveEnsemble } from './prove.ts'
import { timeSpent } from './time-spent.ts'

/** Which node is what. */
export interface Cast {
  masters: LabNode[]
  slaves: LabNode[]
}

/** Where the nodes get Mesos and Marathon from, as the attributes of their recipes say it. */
export interface Sources {
  mesos: unknown
  marathon: unknown
}

/** Where the sample job is served, on every slave. Not 10080, which fetch and browsers refuse (WHATWG Fetch, bad ports). */
export const servicePort = 10_100

/** Says which node of the cluster it is on. */
const sampleApp = {
  cmd: 'mkdir -p www && echo "$HOST $MESOS_TASK_ID" > www/index.html && exec busybox httpd -f -p "$PORT0" -h www',
  cpus: 0.1,
  mem: 16,
  instances: 2,
  portDefinitions: [{ port: servicePort, protocol: 'tcp', name: 'http' }],
  healthChecks: [{ protocol: 'MESOS_HTTP', path: '/', portIndex: 0, gracePeriodSeconds: 30, intervalSeconds: 2 }],
}

/** Three masters, and all others slaves. */
export function clusterCast(nodes: LabNode[], masters = 3): Cast {
  if (nodes.length <= masters) throw new CommandError(`a cluster of ${masters} masters needs more nodes`)
  return { masters: nodes.slice(0, masters), slaves: nodes.slice(masters) }
}

/** What is said once for the whole cluster. */
export async function setAttributes({ mustTrivet }: Fleet, { masters, slaves }: Cast, sources: Sources) {
  const attributes: Record<string, unknown> = {
    'base.packages': ['busybox'],
    'zookeeper.ensembleSize': masters.length,
    'zookeeper.heapMb': 128,
    'mesos.source': sources.mesos,
    'marathon.source': sources.marathon,
    'marathon.version': '1.10.26',
    'sample-job.app': sampleApp,
    'sample-job.slaveRole': 'slave',
    'sample-job.slaves': slaves.length,
  }
  for (const [key, value] of Object.entries(attributes))
    await mustTrivet('cluster', 'set', 'default', key, JSON.stringify(value))
}

/** Each node is born with its roles: they are in the token that it joins by. */
export async function joinAll({ join }: Fleet, { masters, slaves }: Cast) {
  const asMaster = ['--role', 'master', '--role', 'sample-job']
  await Promise.all([
    ...masters.map((node) => join(node, asMaster)),
    ...slaves.map((node) => join(node, ['--role', 'slave'])),
  ])
}

/** The cluster from joined nodes to a job that every slave serves. `say` is told every step as it begins. */
export async function tellCluster(fleet: Fleet, cast: Cast, sources: Sources, say: (line: string) => void) {
  const { masters, slaves } = cast
  say(`Say once what the cluster is, then let ${masters.length} masters and ${slaves.length} slaves join`)
  await setAttributes(fleet, cast, sources)
  await joinAll(fleet, cast)

  say('Wait until all nodes are as they should be: each layer waits at gates for the one below it')
  await mustExit(0, fleet, 'node', 'wait', '--all', '--for', '20m')

  say('Ask the cluster itself')
  const modes = await proveEnsemble(masters)
  say(`ZooKeeper: ${masters.map(({ name }, index) => `${name} is ${modes[index]}`).join(', ')}`)
  say(`Mesos: ${await proveSlaves(masters, slaves.length)} active slaves`)
  const served = await proveApp(slaves, servicePort)
  say(`The sample job is served on ${served} slaves, port ${servicePort}`)

  // The rest is booting, waiting at gates, and nodes that share the processors.
  for (const nodes of [masters, slaves]) say(`Where the time went: ${await timeSpent(fleet, nodes)}`)

  say('Converge all: nothing may change')
  await mustExit(0, fleet, 'converge', '--all', '--wait', '--detailed-exitcodes')
}

async function mustExit(wanted: number, { showTrivet }: Fleet, ...args: string[]) {
  const exitCode = await showTrivet(...args)
  if (exitCode !== wanted) throw new CommandError(`trivet ${args.join(' ')} exited with ${exitCode}, not ${wanted}`)
}
