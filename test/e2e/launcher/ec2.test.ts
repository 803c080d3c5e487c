import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  AssociateAddressCommand,
  DeleteTagsCommand,
  DescribeInstanceAttributeCommand,
  EC2Client,
} from '@aws-sdk/client-ec2'
import { CommandError } from '../../../cli/command.ts'
import { whyNoLab } from '../../../lab/requirements.ts'
import type { Ec2Provider } from '../../../launcher/ec2/provider.ts'
import { LaunchIsSpent, NoRoom } from '../../../launcher/provider.ts'
import { type Cloud, down, groupOf, launchOf, pair, startCloud, up } from '../../helpers/ec2-cloud.ts'

const skip = whyNoLab() ?? false
let cloud: Cloud

before(async () => {
  if (!skip) cloud = await startCloud()
})
after(() => cloud?.close())

async function assertGone(provider: Ec2Provider) {
  assert.deepEqual(await provider.belongings(), [])
  assert((await provider.machines()).every(({ state }) => state === 'terminated'))
}

test('a cluster comes, is as its file says, and goes without a trace', { skip }, async () => {
  const provider = await cloud.provider('whole')
  assert.equal(provider.scope, 'ec2-123456789012-eu-west-1')
  const file = pair('whole')
  const machines = await up(provider, file)
  assert.deepEqual(machines.map(({ node }) => node).toSorted(), ['whole-master-1', 'whole-master-2', 'whole-slave-1'])
  assert.deepEqual(
    machines.filter(({ group }) => group === 'master').map(({ zone }) => zone),
    ['eu-west-1a', 'eu-west-1b'],
  )
  assert.deepEqual(await provider.differences(file, machines), [])

  await provider.stop(machines)
  assert((await provider.machines()).every(({ state }) => state === 'stopped'))
  await provider.start(machines)
  await provider.reboot(machines)
  assert((await provider.machines()).every(({ state }) => state === 'running'))
  assert.deepEqual(
    (await provider.protectedOf(machines)).map(({ group }) => group),
    ['master', 'master'],
  )

  const kinds = (await provider.belongings()).map(({ kind }) => kind)
  assert.deepEqual(kinds, ['security-group', 'security-group', 'address', 'address'])
  await down(provider)
  await assertGone(provider)
})

test('asked twice, there is one of each', { skip }, async () => {
  const provider = await cloud.provider('twice')
  const [first, again] = [await up(provider, pair('twice')), await up(provider, pair('twice'))]
  assert.deepEqual(again, first)
  assert.equal((await provider.belongings()).length, 4)
  await down(provider)
  await down(provider)
  await assertGone(provider)
})

test('a launch tells EC2 all that a machine must have from its first moment', { skip }, async () => {
  const provider = await cloud.provider('asked')
  const file = pair('asked')
  await provider.prepare(file)
  const spot = { ...groupOf(file, 'slave'), market: 'spot', metadataHops: 2, volumes: [] } as const
  await provider.launch(await launchOf(provider, file, { node: 'asked-slave-1', group: 'slave' }, []), {
    ...spot,
    volumes: [],
  })
  const asked = cloud.calls.findLast(({ action }) => action === 'ec2:RunInstances')?.parameters
  const said = (name: string) => asked?.get(name)
  assert.match(said('ClientToken') ?? '', /^[0-9a-f]{64}$/)
  assert.deepEqual([said('MinCount'), said('MaxCount')], ['1', '1'])
  assert.deepEqual(
    ['HttpTokens', 'HttpEndpoint', 'HttpPutResponseHopLimit'].map((option) => said(`MetadataOptions.${option}`)),
    ['required', 'enabled', '2'],
  )
  assert.deepEqual(
    ['DeviceName', 'Ebs.Encrypted', 'Ebs.DeleteOnTermination'].map((option) => said(`BlockDeviceMapping.1.${option}`)),
    ['/dev/sda1', 'true', 'true'],
  )
  const kinds = [1, 2, 3, 4].map((n) => said(`TagSpecification.${n}.ResourceType`))
  assert.deepEqual(kinds, ['instance', 'network-interface', 'spot-instances-request', 'volume'])
  assert.equal(said('InstanceMarketOptions.SpotOptions.SpotInstanceType'), 'one-time')
  await down(provider)
})

test(
  'a launch is rehearsed without a machine; one that has settled stays when it is turned off',
  { skip },
  async () => {
    const provider = await cloud.provider('settles')
    const file = pair('settles')
    const group = groupOf(file, 'slave')
    await provider.prepare(file)
    const launch = await launchOf(provider, file, { node: 'settles-slave-1', group: 'slave' }, [])
    await provider.rehearse(launch, group)
    assert.deepEqual(await provider.machines(), [])
    cloud.fail('RunInstances DryRun', { code: 'UnauthorizedOperation', status: 403 })
    await assert.rejects(provider.rehearse(launch, group), /trivet launch policy/)

    const id = await provider.launch(launch, group)
    const behaviour = async () => {
      const asked = new DescribeInstanceAttributeCommand({
        InstanceId: id,
        Attribute: 'instanceInitiatedShutdownBehavior',
      })
      return (await new EC2Client({}).send(asked)).InstanceInitiatedShutdownBehavior?.Value
    }
    assert.equal(await behaviour(), 'terminate')
    const [machine] = await provider.machines()
    await provider.keepWhenOff(machine ?? assert.fail(), group)
    assert.equal(await behaviour(), 'stop')
    await down(provider)
  },
)

test('a machine that somebody took our tags from is still shown, and goes with the cluster', { skip }, async () => {
  const provider = await cloud.provider('untagged')
  const file = pair('untagged')
  const [first] = await up(provider, file)
  const gone = ['trivet:node', 'trivet:group', 'Name'].map((Key) => ({ Key }))
  await new EC2Client({}).send(new DeleteTagsCommand({ Resources: [first?.id ?? assert.fail()], Tags: gone }))
  const found = await provider.machines()
  assert.deepEqual(
    found.filter(({ id }) => id === first?.id).map(({ node, state }) => [node, state]),
    [[first?.id, 'running']],
  )
  assert.equal(found.length, 3)
  await down(provider)
  await assertGone(provider)
})

test('where there is no room, EC2 is asked once, and the next placement is taken', { skip }, async () => {
  const provider = await cloud.provider('full')
  const file = pair('full')
  await provider.prepare(file)
  const launch = await launchOf(provider, file, { node: 'full-slave-1', group: 'slave' }, [])
  cloud.rules.full.add('t3.small eu-west-1a')
  const callsBefore = cloud.calls.length
  await assert.rejects(provider.launch(launch, groupOf(file, 'slave')), (error) => {
    assert(error instanceof NoRoom)
    assert.match(
      error.message,
      /^RunInstances of full-slave-1 in eu-west-1: There is no room for t3\.small eu-west-1a\. \(Insuf/,
    )
    return true
  })
  assert.equal(cloud.calls.slice(callsBefore).filter(({ action }) => action === 'ec2:RunInstances').length, 1)
  const [, next] = await provider.placements('slave', groupOf(file, 'slave'), [])
  assert.deepEqual([next?.instanceType, next?.zone], ['t3.small', 'eu-west-1b'])
  await provider.launch({ ...launch, placement: next ?? launch.placement }, groupOf(file, 'slave'))
  cloud.rules.full.clear()
  await down(provider)
})

test(
  'a launch whose machine is gone is spent, and one that was asked otherwise finds its machine',
  { skip },
  async () => {
    const provider = await cloud.provider('spent')
    const file = pair('spent')
    await provider.prepare(file)
    const group = groupOf(file, 'slave')
    const launch = await launchOf(provider, file, { node: 'spent-slave-1', group: 'slave' }, [])
    const id = await provider.launch(launch, group)
    await down(provider)
    await provider.prepare(file)
    await assert.rejects(provider.launch(launch, group), (error) => {
      assert(error instanceof LaunchIsSpent)
      assert(error.message.startsWith(`${id} of spent-slave-1 is gone: `))
      return true
    })

    const second = { ...launch, attempt: '2' }
    const made = await provider.launch(second, group)
    assert.equal(await provider.launch(second, group), made)
    assert.equal(await provider.launch({ ...second, userData: '#other\n' }, group), made)
    await down(provider)
  },
)

test('a launch whose machine had no room after all finds none there when asked again', { skip }, async () => {
  const provider = await cloud.provider('late-full')
  const file = pair('late-full')
  await provider.prepare(file)
  const group = groupOf(file, 'slave')
  const launch = await launchOf(provider, file, { node: 'late-full-slave-1', group: 'slave' }, [])
  const id = await provider.launch(launch, group)
  const [machine] = await provider.machines()
  assert(machine)
  await provider.terminate([machine])
  cloud.rules.reasons.set(id, { code: 'Server.InsufficientInstanceCapacity', words: 'There is no room.' })
  const [gone] = await provider.machines()
  assert.equal(gone?.stateReason, 'Server.InsufficientInstanceCapacity: There is no room.')
  await assert.rejects(provider.launch(launch, group), (error) => {
    assert(error instanceof NoRoom)
    assert.equal(error.message, 'late-full-slave-1: Server.InsufficientInstanceCapacity: There is no room.')
    return true
  })
  await down(provider)
})

test('spot machines are told before EC2 is asked to stop anything', { skip }, async () => {
  const provider = await cloud.provider('once')
  const file = pair('once')
  await provider.prepare(file)
  const launch = await launchOf(provider, file, { node: 'once-slave-1', group: 'slave' }, [])
  await provider.launch(launch, { ...groupOf(file, 'slave'), market: 'spot' })
  const callsBefore = cloud.calls.length
  await assert.rejects(
    provider.stop(await provider.machines()),
    /^CommandError: once-slave-1 \(i-\w+\): EC2 cannot stop spot/,
  )
  assert(!cloud.calls.slice(callsBefore).some(({ action }) => action === 'ec2:StopInstances'))
  await down(provider)
})

test('an address of ours that is on a machine of others stays there, and that is told', { skip }, async () => {
  const [ours, theirs] = [await cloud.provider('mine'), await cloud.provider('yours')]
  const [machine] = await up(ours, pair('mine'))
  const [other] = (await up(theirs, pair('yours'))).filter(({ group }) => group === 'slave')
  assert(machine && other)
  const address = (await ours.belongings()).find(({ name }) => name.startsWith(`${machine.node} `))
  assert(address)
  const client = new EC2Client({})
  await client.send(
    new AssociateAddressCommand({ AllocationId: address.id, InstanceId: other.id, AllowReassociation: true }),
  )
  const isTold = new RegExp(`of ${machine.node} is on ${other.id}, which is no machine of the cluster mine`)
  await assert.rejects(ours.adjust(machine, groupOf(pair('mine'), 'master')), isTold)
  await assert.rejects(ours.remove([address]), isTold)
  await client.send(
    new AssociateAddressCommand({ AllocationId: address.id, InstanceId: machine.id, AllowReassociation: true }),
  )
  await down(ours)
  await down(theirs)
})

test('an image that EC2 does not know is told at once', { skip }, async () => {
  const provider = await cloud.provider('unknown')
  const group = { ...groupOf(pair('unknown'), 'slave'), image: 'ami-0123456789abcdef0' }
  const callsBefore = cloud.calls.length
  await assert.rejects(
    provider.placements('slave', group, []),
    /ami-0123456789abcdef0.*\(InvalidAMIID\.NotFound\)\nIds differ between regions/s,
  )
  const looks = cloud.calls.slice(callsBefore).filter(({ action }) => action === 'ec2:DescribeImages')
  assert.equal(looks.length, 1)
})

test('a security group of the same name that is not ours is neither taken nor touched', { skip }, async () => {
  const [theirs, ours] = [await cloud.provider('names-a'), await cloud.provider('names')]
  const file = pair('names-a')
  await theirs.prepare({ ...file, groups: { b: { ...groupOf(file, 'slave'), securityRules: [] } } })
  const wanted = { ...pair('names'), groups: { 'a-b': { ...groupOf(file, 'slave'), securityRules: [] } } }
  await assert.rejects(ours.prepare(wanted), (error) => {
    assert(error instanceof CommandError)
    assert.match(error.message, /There is a security group names-a-b \(sg-\w+\) in vpc-\w+ already, and it is not ours/)
    return true
  })
  await down(theirs)
})

test('rules that the file has no longer are told, then closed', { skip }, async () => {
  const provider = await cloud.provider('rules')
  const file = pair('rules')
  await provider.prepare(file)
  const closed = { ...file, groups: { ...file.groups, slave: { ...groupOf(file, 'slave'), securityRules: [] } } }
  assert.deepEqual(
    (await provider.differences(closed, [])).map(({ what, how }) => `${what} ${how}`),
    [
      'security group rules-slave may also be reached at tcp 1024 to 65535 from rules-master',
      'security group rules-slave may also be reached at tcp 22 from 198.51.100.0/24',
    ],
  )
  await provider.prepare(closed)
  assert.deepEqual(await provider.differences(closed, []), [])
  await down(provider)
})
