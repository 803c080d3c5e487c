import {
  DeleteSecurityGroupCommand,
  DeleteSnapshotCommand,
  DeleteVolumeCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSnapshotsCommand,
} from '@aws-sdk/client-ec2'
import { CommandError } from '../../cli/command.ts'
import type { Belonging } from '../provider.ts'
import { lives } from '../site.ts'
import { releaseAddress } from './addresses.ts'
import type { Ec2 } from './ec2.ts'
import { AwsError, hasAwsCode, isUnknownToAws } from './errors.ts'
import { findAddresses, findBuilders, findInstances, findSecurityGroups, findVolumes, machineOf } from './find.ts'
import { awaitChange } from './pace.ts'
import { terminateMachines } from './power.ts'
import { presentIn } from './rules.ts'
import { revoke } from './security-groups.ts'
import { tagKeys, tagOf, withTag } from './tags.ts'

/** All that carries the cluster's tag beside its machines and what goes with them. */
export async function findBelongings(ec2: Ec2): Promise<Belonging[]> {
  const ours = [withTag(tagKeys.cluster, ec2.cluster)]
  const groups = await findSecurityGroups(ec2, ours)
  const addresses = await findAddresses(ec2, ours)
  const volumes = await findVolumes(ec2, ours)
  const going = await volumesThatGo(ec2)
  const staying = volumes.filter(({ VolumeId = '' }) => !going.has(VolumeId))
  const { Images = [] } = await ec2.ec2.send(new DescribeImagesCommand({ Owners: ['self'], Filters: ours }))
  const { Snapshots = [] } = await ec2.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters: ours }))
  const ofImages = Images.flatMap((image) => image.BlockDeviceMappings ?? []).map(({ Ebs }) => Ebs?.SnapshotId)
  const alone = Snapshots.filter(({ SnapshotId }) => !ofImages.includes(SnapshotId))
  const builders = (await findBuilders(ec2)).map(machineOf).filter(lives)
  return [
    ...builders.map(({ id, node }) => belonging('builder', id, node)),
    ...groups.map((one) => belonging('security-group', one.GroupId, one.GroupName)),
    ...addresses.map((one) => belonging('address', one.AllocationId, `${tagOf(one, 'Name')} ${one.PublicIp}`)),
    ...staying.map((one) => belonging('volume', one.VolumeId, tagOf(one, 'Name'), isToBeKept(one))),
    ...Images.map((one) => belonging('image', one.ImageId, one.Name, true)),
    ...alone.map((one) => belonging('snapshot', one.SnapshotId, tagOf(one, 'Name'), true)),
  ]
}

/** With the machines that they are on. */
async function volumesThatGo(ec2: Ec2): Promise<Set<string>> {
  const instances = await findInstances(ec2, [withTag(tagKeys.cluster, ec2.cluster)])
  const disks = instances.flatMap(({ BlockDeviceMappings = [] }) => BlockDeviceMappings).map(({ Ebs }) => Ebs)
  return new Set(disks.filter((disk) => disk?.DeleteOnTermination).map((disk) => disk?.VolumeId ?? ''))
}

function belonging(kind: Belonging['kind'], id = '', name = id, isKept = false): Belonging {
  return { kind, id, name, isKept }
}

function isToBeKept(volume: Parameters<typeof tagOf>[0]) {
  return tagOf(volume, tagKeys.keep) !== undefined
}

/** In the order that AWS accepts: rules that name another group hold that group. */
export async function removeBelongings(ec2: Ec2, belongings: Belonging[]): Promise<void> {
  const of = (kind: Belonging['kind']) => belongings.filter((one) => one.kind === kind)
  await terminateBuilders(ec2, of('builder'))
  for (const { id } of of('address')) await releaseAddress(ec2, id)
  await removeSecurityGroups(ec2, of('security-group'))
  for (const volume of of('volume')) await removeVolume(ec2, volume)
  for (const { id } of of('image')) await removeImage(ec2, id)
  for (const { id } of of('snapshot')) {
    await ec2.ec2.send(new DeleteSnapshotCommand({ SnapshotId: id })).catch(unlessUnknown)
  }
}

async function terminateBuilders(ec2: Ec2, builders: Belonging[]): Promise<void> {
  const ids = builders.map(({ id }) => id)
  await terminateMachines(
    ec2,
    (await findBuilders(ec2)).map(machineOf).filter(({ id }) => ids.includes(id)),
  )
}

async function removeSecurityGroups(ec2: Ec2, groups: Belonging[]): Promise<void> {
  if (groups.length === 0) return
  const ids = new Set(groups.map(({ id }) => id))
  for (const group of await findSecurityGroups(ec2, [withTag(tagKeys.cluster, ec2.cluster)])) {
    const toOthers = presentIn(group).filter(({ source }) => 'securityGroup' in source && ids.has(source.securityGroup))
    for (const opening of toOthers) await revoke(ec2, group.GroupId ?? '', opening)
  }
  for (const group of groups) await removeSecurityGroup(ec2, group)
}

async function removeSecurityGroup(ec2: Ec2, { id, name }: Belonging): Promise<void> {
  let inUse = ''
  const look = async () => {
    try {
      await ec2.ec2.send(new DeleteSecurityGroupCommand({ GroupId: id })).catch(unlessUnknown)
      return true
    } catch (error) {
      if (!hasAwsCode(error, 'DependencyViolation')) throw error
      inUse = error.words
      return undefined
    }
  }
  await awaitChange(look, () => `the security group ${name} (${id}) to be free: ${inUse}`, ec2.pace).catch(
    async (error: unknown) => {
      if (!(error instanceof CommandError) || error instanceof AwsError) throw error
      throw new CommandError(`${error.message}${await usersOf(ec2, id)}`, { cause: error })
    },
  )
}

async function usersOf({ ec2 }: Ec2, id: string): Promise<string> {
  const Filters = [{ Name: 'group-id', Values: [id] }]
  const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand({ Filters }))
  const users = NetworkInterfaces.map(
    ({ NetworkInterfaceId, Description }) => `${NetworkInterfaceId}${Description ? ` (${Description})` : ''}`,
  )
  return users.length > 0 ? ` It is used by ${users.join(', ')}.` : ''
}

async function removeVolume(ec2: Ec2, { id, name }: Belonging): Promise<void> {
  const look = async () => {
    try {
      await ec2.ec2.send(new DeleteVolumeCommand({ VolumeId: id })).catch(unlessUnknown)
      return true
    } catch (error) {
      if (hasAwsCode(error, 'VolumeInUse')) return undefined
      throw error
    }
  }
  await awaitChange(look, () => `the volume ${name} (${id}) to be detached`, ec2.pace)
}

/** With its snapshots, which would cost on. */
export async function removeImage({ ec2 }: Ec2, ImageId: string): Promise<void> {
  await ec2.send(new DeregisterImageCommand({ ImageId, DeleteAssociatedSnapshots: true })).catch(unlessUnknown)
}

function unlessUnknown(error: unknown): undefined {
  // DescribeImages of a deregistered one, and a second DeregisterImage, tell it so.
  if (!isUnknownToAws(error)) throw error
}
