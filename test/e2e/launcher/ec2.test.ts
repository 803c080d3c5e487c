import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { whyNoLab } from '../../../lab/requirements.ts'
import { parseClusterFile } from '../../../launcher/cluster-file.ts'
import { makeEc2Provider } from '../../../launcher/ec2/provider.ts'
import type { Launch, Machine, Placement, Provider } from '../../../launcher/provider.ts'
import { type Ec2Server, startEc2Server } from '../../helpers/ec2-server.ts'

const skip = whyNoLab() ?? false
const hurry = { pollMs: 20, settleMs: 400, changeMs: 5000, backoffMs: 5 }
let server: Ec2Server

before(async () => {
  if (skip) return
  server = await startEc2Server()
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: server.url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'eu-west-1',
  })
})
after(() => server?.close())

const file = (cluster: string, more = '') =>
  parseClusterFile(
    `cluster: ${cluster}
defaults:
  image: { owner: '099720109477', name: 'ubuntu/images/hvm-ssd/ubuntu-xenial-*' }
  volumes: [{ device: root, sizeGiB: 20 }]
  instanceTypes: [t3.small, t3a.small]
  tags: { team: rails }
groups:
  master:
    count: 3
    spread: true
    publicAddress: kept
    securityRules: [{ ports: 5050, from: 203.0.113.9/24 }, { ports: [1024, 65535], from: { group: slave } }]
  slave:
    count: 1
    securityRules: [{ ports: [1024, 65535], from: { group: master } }, { ports: 22, from: anywhere }]
${more}`,
    'c.yaml',
  )

const launchOf = (node: string, group: string, image: string, placement: Placement): Launch => ({
  node,
  group,
  attempt: '1',
  placement,
  image,
  userData: '#cloud-config\n',
})

async function make(provider: Provider, cluster = file('c')): Promise<Machine[]> {
  await provider.prepare(cluster)
  for (const [name, group] of Object.entries(cluster.groups)) {
    const image = await provider.image(group)
    for (let n = 1; n <= group.count; n++) {
      const [first] = await provider.placements(name, group, await provider.machines())
      assert(first)
      await provider.launch(launchOf(`${cluster.cluster}-${name}-${n}`, name, image, first), group)
    }
  }
  const machines = await provider.machines()
  for (const machine of machines) {
    const group = cluster.groups[machine.group]
    assert(group)
    await provider.adjust(machine, group)
  }
  return machines
}

test('a cluster comes, is as its file says, and goes without a trace', { skip }, async () => {
  const provider = await makeEc2Provider({ cluster: 'c', pace: hurry })
  const cluster = file('c')
  const machines = await make(provider, cluster)
  assert.deepEqual(machines.map(({ node }) => node).toSorted(), ['c-master-1', 'c-master-2', 'c-master-3', 'c-slave-1'])
  const zones = machines.filter(({ group }) => group === 'master').map(({ zone }) => zone)
  assert.equal(new Set(zones).size, 3)
  assert.deepEqual(await provider.differences(cluster, machines), [])

  await provider.stop(machines)
  assert((await provider.machines()).every(({ state }) => state === 'stopped'))
  await provider.start(machines)
  await provider.reboot(machines)
  assert((await provider.machines()).every(({ state }) => state === 'running'))

  const kinds = (await provider.belongings()).map(({ kind }) => kind)
  assert.deepEqual(kinds, ['security-group', 'security-group', 'address', 'address', 'address'])
  await provider.terminate(machines)
  await provider.remove(await provider.belongings())
  assert.deepEqual(await provider.belongings(), [])
  assert((await provider.machines()).every(({ state }) => state === 'terminated'))
})
