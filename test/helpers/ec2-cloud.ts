import assert from 'node:assert/strict'
import { type ClusterFile, parseClusterFile } from '../../launcher/cluster-file.ts'
import { type Ec2Provider, makeEc2Provider } from '../../launcher/ec2/provider.ts'
import type { Launch, Machine } from '../../launcher/provider.ts'
import { until } from '../../lab/run.ts'
import { type Ec2Proxy, startEc2Proxy } from './ec2-proxy.ts'
import { startEc2Server } from './ec2-server.ts'

export interface Cloud extends Ec2Proxy {
  /** For a cluster of its own. */
  provider(cluster: string, answerMs?: number): Promise<Ec2Provider>
}

/** An EC2 of the test's own; AWS's SDK finds it by the environment, as it finds any other. */
export async function startCloud(): Promise<Cloud> {
  const server = await startEc2Server()
  const proxy = await startEc2Proxy(server.url)
  const environment = { AWS_ENDPOINT_URL: proxy.url, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
  Object.assign(process.env, environment, {
    AWS_REGION: 'eu-west-1',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  })
  const pace = { pollMs: 20, settleMs: 1500, changeMs: 6000, backoffMs: 5 }
  return {
    ...proxy,
    provider: (cluster, answerMs) => makeEc2Provider({ cluster, pace, ...(answerMs && { answerMs }) }),
    async close() {
      await proxy.close()
      await server.close()
    },
  }
}

/** Two masters that are spread and have kept addresses, and a slave; each lets the other in. */
export function pair(cluster: string): ClusterFile {
  return parseClusterFile(
    `cluster: ${cluster}
defaults:
  image: { owner: '099720109477', name: 'ubuntu/images/hvm-ssd/ubuntu-xenial-*' }
  volumes: [{ device: root, sizeGiB: 20 }]
  instanceTypes: [t3.small, t3a.small]
  tags: { team: rails }
groups:
  master:
    count: 2
    spread: true
    publicAddress: kept
    isProtected: true
    securityRules: [{ ports: 5050, from: 203.0.113.9/24 }, { ports: [1024, 65535], from: { group: slave } }]
  slave:
    count: 1
    securityRules: [{ ports: [1024, 65535], from: { group: master } }, { ports: 22, from: 198.51.100.0/24 }]
`,
    'pair.yaml',
  )
}

export function groupOf(file: ClusterFile, name: string) {
  const group = file.groups[name]
  assert(group)
  return group
}

export async function launchOf(
  provider: Ec2Provider,
  file: ClusterFile,
  { node, group: name }: { node: string; group: string },
  machines: Machine[],
): Promise<Launch> {
  const group = groupOf(file, name)
  const [placement] = await provider.placements(name, group, machines)
  assert(placement)
  return { node, group: name, attempt: '1', placement, image: await provider.image(group), userData: '#cloud-config\n' }
}

/** What `up` does, with its book of launches: to be asked again after it failed, until it is done. */
export async function up(provider: Ec2Provider, file: ClusterFile, book = new Map<string, Launch>()) {
  await provider.prepare(file)
  const placed: Machine[] = []
  const ids: string[] = []
  for (const [name, group] of Object.entries(file.groups)) {
    for (let n = 1; n <= group.count; n++) {
      const node = `${file.cluster}-${name}-${n}`
      const launch = book.get(node) ?? (await launchOf(provider, file, { node, group: name }, placed))
      if (!book.has(node)) await provider.rehearse({ ...launch, attempt: 'rehearsal' }, group)
      book.set(node, launch)
      const id = await provider.launch(launch, group)
      ids.push(id)
      const { attempt, image, placement } = launch
      const { instanceType, zone = '' } = placement
      placed.push({ id, node, group: name, attempt, state: 'pending', image, instanceType, zone, launchedAt: 0 })
    }
  }
  const machines = await until('all machines to run', async () => {
    const running = (await provider.machines()).filter(({ state }) => state === 'running')
    return ids.every((id) => running.some((one) => one.id === id)) && running
  })
  for (const machine of machines) {
    const group = groupOf(file, machine.group)
    await provider.adjust(machine, group)
    await provider.keepWhenOff(machine, group)
  }
  return provider.machines()
}

export async function down(provider: Ec2Provider): Promise<void> {
  await provider.terminate(await provider.machines())
  await provider.remove(await provider.belongings())
}
