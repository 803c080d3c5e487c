import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseClusterFile } from '../../../launcher/cluster-file.ts'
import { builderGroup } from '../../../launcher/ec2/bake.ts'
import { machineOf } from '../../../launcher/ec2/find.ts'
import { duplicates } from '../../../launcher/ec2/gc.ts'
import { isNoRoom } from '../../../launcher/ec2/errors.ts'
import { clientTokenOf, devicesOf } from '../../../launcher/ec2/launch.ts'
import { ranked } from '../../../launcher/ec2/placements.ts'
import { launcherPolicy } from '../../../launcher/ec2/policy.ts'
import { tagsOf } from '../../../launcher/ec2/tags.ts'
import type { Launch, Machine } from '../../../launcher/provider.ts'

const launch: Launch = {
  node: 'c-web-1',
  group: 'web',
  attempt: '1',
  placement: { instanceType: 't3.small', zone: 'eu-west-1a', subnet: 'subnet-1' },
  image: 'ami-1',
  userData: '#!/bin/sh\n',
}

test('a token is of one try in one place: the same again, another for any other', () => {
  const token = clientTokenOf('c', launch)
  assert.match(token, /^[\x21-\x7e]{1,64}$/)
  assert.equal(clientTokenOf('c', { ...launch }), token)
  const others = [
    clientTokenOf('d', launch),
    clientTokenOf('c', { ...launch, node: 'c-web-2' }),
    clientTokenOf('c', { ...launch, attempt: '2' }),
    clientTokenOf('c', { ...launch, placement: { ...launch.placement, zone: 'eu-west-1b' } }),
    clientTokenOf('c', { ...launch, placement: { ...launch.placement, instanceType: 't3a.small' } }),
  ]
  assert.equal(new Set([token, ...others]).size, 6)
})

test('no room is not a quota, and a quota is not no room', () => {
  const next = ['InsufficientInstanceCapacity', 'InsufficientHostCapacity', 'InsufficientFreeAddressesInSubnet']
  const stop = ['VcpuLimitExceeded', 'InstanceLimitExceeded', 'PendingVerification', 'OptInRequired']
  assert([...next, 'Unsupported', 'Server.InsufficientInstanceCapacity'].every((name) => isNoRoom(name)))
  assert(
    ![...stop, 'UnsupportedOperation', 'Server.InternalError', 'Client.UserInitiatedShutdown'].some((name) =>
      isNoRoom(name),
    ),
  )
})

test('why a machine is gone begins with the code of it', () => {
  const Code = 'Server.InsufficientInstanceCapacity'
  for (const Message of ['There is no room.', `${Code}: There is no room.`])
    assert.equal(machineOf({ StateReason: { Code, Message } }).stateReason, `${Code}: There is no room.`)
  assert.equal(machineOf({}).stateReason, undefined)
})

test('each disk of the image is encrypted and goes with its machine, unless the file says otherwise', () => {
  const image = {
    RootDeviceName: '/dev/xvda',
    BlockDeviceMappings: [
      { DeviceName: '/dev/xvda', Ebs: { SnapshotId: 'snap-1', VolumeSize: 8 } },
      { DeviceName: '/dev/xvdb', VirtualName: 'ephemeral0' },
      { DeviceName: '/dev/xvdf', Ebs: { SnapshotId: 'snap-2', VolumeSize: 5, VolumeType: 'gp2', Encrypted: false } },
      { DeviceName: '/dev/xvdg', Ebs: { SnapshotId: 'snap-3', VolumeSize: 6, DeleteOnTermination: false } },
    ],
  } as const
  const said = { device: '/dev/xvdf', sizeGiB: 50, type: 'gp3', keep: true } as const
  const found = devicesOf({ volumes: [said] }, { ...image, BlockDeviceMappings: [...image.BlockDeviceMappings] })
  assert.deepEqual(
    found.map(({ DeviceName, Ebs }) => [DeviceName, Ebs?.SnapshotId, Ebs?.VolumeSize, Ebs?.DeleteOnTermination]),
    [
      ['/dev/xvda', undefined, 8, true],
      ['/dev/xvdf', undefined, 50, false],
      ['/dev/xvdg', 'snap-3', 6, true],
    ],
  )
  assert(found.every(({ Ebs }) => Ebs?.Encrypted))
})

test('of a builder nothing stays, and it can be stopped', () => {
  const { groups } = parseClusterFile(
    'cluster: c\ngroups: { web: { count: 1, image: ami-0123456789abcdef0, instanceTypes: [t3.small], market: spot, volumes: [{ device: /dev/sdf, sizeGiB: 9, keep: true }] } }',
    'c.yaml',
  )
  assert(groups['web'])
  const { market, volumes, isProtected } = builderGroup(groups['web'])
  assert.deepEqual([market, isProtected, volumes.map(({ keep }) => keep)], ['on-demand', false, [false]])
})

test('what is spread begins where it has fewest, and never sits in one zone alone', () => {
  const subnets = ['a', 'b', 'c'].map((zone) => ({ SubnetId: `subnet-${zone}`, AvailabilityZone: zone }))
  const order = (taken: string[], spread = true, count = 3) =>
    ranked(subnets, { spread, count }, taken).map(({ AvailabilityZone }) => AvailabilityZone)
  assert.deepEqual(order([]), ['a', 'b', 'c'])
  assert.deepEqual(order(['a']), ['b', 'c'])
  assert.deepEqual(order(['a', 'b']), ['c', 'a', 'b'])
  assert.deepEqual(order(['a', 'a'], false), ['a', 'b', 'c'])
  assert.deepEqual(ranked(subnets.slice(0, 1), { spread: true, count: 3 }, []), [])
  assert.equal(ranked(subnets.slice(0, 1), { spread: true, count: 1 }, []).length, 1)
})

test('tags are in the same order however they were written, and ours cannot be taken', () => {
  const own = { cluster: 'c', group: 'web', node: 'c-web-1' }
  const tags = tagsOf('c-web-1', own, { b: '2', a: '1', Name: 'mine' })
  assert.deepEqual(tags, tagsOf('c-web-1', own, { a: '1', b: '2' }))
  assert.deepEqual(
    tags.map(({ Key, Value }) => `${Key}=${Value}`).join(' '),
    'Name=c-web-1 a=1 b=2 trivet:cluster=c trivet:created-by=trivet trivet:group=web trivet:node=c-web-1',
  )
})

test('of two machines for one node the one in the book stays', () => {
  const rest = {
    group: 'web',
    attempt: '1',
    state: 'running',
    image: '',
    instanceType: '',
    zone: '',
    launchedAt: 0,
  } as const
  const machine = (id: string, node: string): Machine => ({ id, node, ...rest })
  const all = [machine('i-1', 'a'), machine('i-2', 'a'), machine('i-3', 'b')]
  assert.deepEqual(
    duplicates(all, ['i-2']).map(({ id }) => id),
    ['i-1'],
  )
  assert.deepEqual(duplicates(all, []), [])
})

test('the policy lets nothing be changed without our tag, and no machine have an open metadata service', () => {
  const { Statement } = launcherPolicy({ nodeRole: 'arn:aws:iam::123456789012:role/node' })
  const changing = /^ec2:(?!Describe|RunInstances|Create|Allocate)/
  for (const { Effect, Action, Condition, Sid } of Statement) {
    if (Effect === 'Allow' && Action.some((action) => changing.test(action)))
      assert.deepEqual(Condition, { StringEquals: { 'aws:ResourceTag/trivet:created-by': 'trivet' } }, Sid)
  }
  const passing = Statement.find(({ Action }) => Action.includes('iam:PassRole'))
  assert.deepEqual(passing?.Condition, { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } })
  const denied = Statement.find(({ Effect }) => Effect === 'Deny')
  assert.deepEqual(denied?.Condition, { StringNotEquals: { 'ec2:MetadataHttpTokens': 'required' } })
  assert(!JSON.stringify(launcherPolicy()).includes('iam:PassRole'))
  const encrypting = launcherPolicy({ kmsKey: 'arn:aws:kms:eu-west-1:123456789012:key/k' }).Statement.at(-2)
  assert(encrypting?.Action.includes('kms:Decrypt'))
})
