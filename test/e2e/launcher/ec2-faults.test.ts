import { EC2Client } from '@aws-sdk/client-ec2'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { CommandError } from '../../../cli/command.ts'
import { whyNoLab } from '../../../lab/requirements.ts'
import type { Launch } from '../../../launcher/provider.ts'
import { type Cloud, down, groupOf, pair, startCloud, up } from '../../helpers/ec2-cloud.ts'
import { addressOf } from '../../helpers/ec2-orphans.ts'
import type { Fault } from '../../helpers/ec2-proxy.ts'

const skip = whyNoLab() ?? false
let cloud: Cloud

before(async () => {
  if (!skip) cloud = await startCloud()
})
after(() => cloud?.close())

const making = [
  'DescribeSubnets',
  'DescribeSecurityGroups',
  'CreateSecurityGroup',
  'AuthorizeSecurityGroupIngress',
  'DescribeImages',
  'DescribeInstanceTypes',
  'DescribeInstanceTypeOfferings',
  'RunInstances DryRun',
  'RunInstances',
  'DescribeInstances',
  'DescribeInstanceAttribute',
  'DescribeAddresses',
  'AllocateAddress',
  'AssociateAddress',
  'ModifyInstanceAttribute',
]
const ending = [
  'DescribeInstances',
  'DescribeInstanceAttribute',
  'ModifyInstanceAttribute',
  'TerminateInstances',
  'DescribeSecurityGroups',
  'DescribeAddresses',
  'DescribeVolumes',
  'DescribeImages',
  'DescribeSnapshots',
  'DisassociateAddress',
  'ReleaseAddress',
  'RevokeSecurityGroupIngress',
  'DeleteSecurityGroup',
]

const faults: Record<string, Fault> = {
  'is cut off before it is done': 'cut before',
  'is cut off after it was done': 'cut after',
  'is answered too late': { delayMs: 2500 },
  'fails within AWS': { code: 'InternalError', status: 500 },
  'is throttled': { code: 'RequestLimitExceeded', status: 503, words: 'Request limit exceeded.' },
  'is not allowed': { code: 'UnauthorizedOperation', status: 403, words: 'You are not authorized.' },
}

for (const [how, fault] of Object.entries(faults)) {
  test(`each call ${how}, once, and all ends as if none had`, { skip }, async () => {
    const cluster = Object.keys(faults).indexOf(how)
    const provider = await cloud.provider(`fault-${cluster}`, 2000)
    const book = new Map<string, Launch>()
    const file = pair(`fault-${cluster}`)
    for (const action of making) cloud.fail(action, fault)
    const machines = await again(() => up(provider, file, book))
    assert.deepEqual(machines.map(({ node, state }) => `${node} ${state}`).toSorted(), [
      `fault-${cluster}-master-1 running`,
      `fault-${cluster}-master-2 running`,
      `fault-${cluster}-slave-1 running`,
    ])
    assert.deepEqual(await provider.differences(file, machines), [])
    const kinds = (await provider.belongings()).map(({ kind }) => kind)
    assert.deepEqual(kinds, ['security-group', 'security-group', 'address', 'address'])

    for (const action of ending) cloud.fail(action, fault)
    await again(() => down(provider))
    assert.deepEqual(await provider.belongings(), [])
    assert((await provider.machines()).every(({ state }) => state === 'terminated'))
    assert.deepEqual(cloud.unused(), [])
  })
}

const switching = ['StopInstances', 'StartInstances', 'RebootInstances']
for (const [how, fault] of Object.entries(faults)) {
  test(`each switch ${how}, once, and all machines are as they are to be`, { skip }, async () => {
    const cluster = `switch-${Object.keys(faults).indexOf(how)}`
    const provider = await cloud.provider(cluster, 2000)
    const machines = await up(provider, pair(cluster))
    const states = async () => new Set((await provider.machines()).map(({ state }) => state))
    for (const action of switching) cloud.fail(action, fault)
    await again(() => provider.stop(machines))
    assert.deepEqual(await states(), new Set(['stopped']))
    await again(() => provider.start(machines))
    await again(() => provider.reboot(machines))
    assert.deepEqual(await states(), new Set(['running']))
    assert.deepEqual(cloud.unused(), [])
    await down(provider)
  })
}

/** As an operator does: what failed is asked again, as long as it says what and why. */
async function again<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof CommandError) || tries > making.length) throw error
      assert.match(
        error.message,
        /^[A-Z]\w+( of [^:]+)? in eu-west-1: You are not authorized\. \(UnauthorizedOperation, request [\w-]+\)\nWhoever calls/,
      )
    }
  }
}

test('what is new is unknown for a while, and what is dead seems alive', { skip }, async () => {
  const provider = await cloud.provider('late')
  cloud.rules.lateMs = 600
  const file = pair('late')
  const machines = await up(provider, file)
  assert.equal(machines.length, 3)
  assert.equal((await provider.belongings()).length, 4)
  await down(provider)
  cloud.rules.lateMs = 0
  assert.deepEqual(await provider.belongings(), [])
  assert((await provider.machines()).every(({ state }) => state === 'terminated'))
})

test(
  'a second address, which a launcher asked for that was killed before EC2 told of the first, is given back',
  { skip },
  async () => {
    const provider = await cloud.provider('twice')
    const file = pair('twice')
    const machines = await up(provider, file)
    const { PublicIp } = await addressOf(new EC2Client(), 'twice', 'twice-master-1')
    assert.deepEqual(await provider.differences(file, machines), [
      { what: 'twice-master-1', how: `has the second address ${PublicIp}`, needsNewMachine: false },
    ])
    for (const machine of machines) await provider.adjust(machine, groupOf(file, machine.group))
    assert.deepEqual(await provider.differences(file, machines), [])
    const addresses = (await provider.belongings()).filter(({ kind }) => kind === 'address')
    assert.equal(addresses.length, 2)
    await down(provider)
  },
)
