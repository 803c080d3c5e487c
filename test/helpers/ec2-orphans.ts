import {
  AllocateAddressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  DescribeImagesCommand,
  type EC2Client,
  RegisterImageCommand,
  type ResourceType,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2'
import assert from 'node:assert/strict'

function tagsOf(cluster: string, name: string, more: Record<string, string> = {}) {
  const all = { Name: name, 'trivet:cluster': cluster, 'trivet:created-by': 'trivet', ...more }
  return Object.entries(all).map(([Key, Value]) => ({ Key, Value }))
}

/** An image of the group `slave` that was baked before; `isTried`: not by a launcher that was cut off before that. */
export async function olderImage(ec2: EC2Client, cluster: string, { version = 'older', isTried = true } = {}) {
  const name = `${cluster}-slave-${version}`
  const { ImageId = '' } = await ec2.send(new RegisterImageCommand({ Name: name, RootDeviceName: '/dev/sda1' }))
  const tags = tagsOf(cluster, name, {
    'trivet:image': `${cluster}-slave`,
    ...(isTried && { 'trivet:tried': 'yes' }),
  })
  await ec2.send(new CreateTagsCommand({ Resources: [ImageId], Tags: tags }))
  return ImageId
}

/** An address that carries the cluster's tags and is of that node. */
export async function addressOf(ec2: EC2Client, cluster: string, node: string) {
  const Tags = tagsOf(cluster, node, { 'trivet:node': node })
  const TagSpecifications = [{ ResourceType: 'elastic-ip' as const, Tags }]
  return ec2.send(new AllocateAddressCommand({ Domain: 'vpc', TagSpecifications }))
}

/** One of each kind of what is found by `gc`, of a cluster that has no machine: two images, one more than is to be kept, among them. */
export async function orphansOf(ec2: EC2Client, cluster: string) {
  const specified = (type: ResourceType, more?: Record<string, string>) => ({
    TagSpecifications: [{ ResourceType: type, Tags: tagsOf(cluster, `${cluster}-lost`, more) }],
  })
  const group = { GroupName: `${cluster}-lost`, Description: 'lost' }
  await ec2.send(new CreateSecurityGroupCommand({ ...group, ...specified('security-group') }))
  await addressOf(ec2, cluster, `${cluster}-master-1`)
  await ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'eu-west-1a', Size: 8, ...specified('volume') }))
  await olderImage(ec2, cluster)
  await olderImage(ec2, cluster, { version: 'newer' })
  const { Images: [image] = [] } = await ec2.send(new DescribeImagesCommand({ Owners: ['099720109477'] }))
  assert(image?.ImageId)
  const builder = { ImageId: image.ImageId, InstanceType: 't3.small', MinCount: 1, MaxCount: 1 } as const
  const expires = { 'trivet:expires': '2026-01-02T03:04:05Z', 'trivet:image': `${cluster}-slave` }
  await ec2.send(new RunInstancesCommand({ ...builder, ...specified('instance', expires) }))
}
