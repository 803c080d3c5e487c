import type { Instance, Volume } from '@aws-sdk/client-ec2'
import type { ClusterFile, Group } from '../cluster-file.ts'
import type { Difference, Machine } from '../provider.ts'
import { wantedNodes } from '../site.ts'
import { findUnwantedAddresses } from './addresses.ts'
import { adjustable } from './adjust.ts'
import type { Ec2 } from './ec2.ts'
import { findInstancesById, findVolumes, inBatches } from './find.ts'
import { securityDifferences } from './security-groups.ts'
import { tagKeys, withTag } from './tags.ts'

export async function findDifferences(ec2: Ec2, file: ClusterFile, machines: Machine[]): Promise<Difference[]> {
  const found = await securityDifferences(ec2, file)
  const there = machines.filter(({ state }) => state === 'running' || state === 'stopped')
  const instances = new Map(
    (
      await findInstancesById(
        ec2,
        there.map(({ id }) => id),
      )
    ).map((one) => [one.InstanceId, one]),
  )
  const volumes = await findVolumes(ec2, [withTag(tagKeys.cluster, ec2.cluster)])
  const differencesOf = async (machine: Machine): Promise<Difference[]> => {
    const [group, instance] = [file.groups[machine.group], instances.get(machine.id)]
    if (!group || !instance) return []
    const lasting = [...lastingDifferences(instance, group), ...diskDifferences(instance, group, volumes)]
    return [
      ...lasting.map((how) => ({ what: machine.node, how, needsNewMachine: true })),
      ...(await adjustable(ec2, machine, instance, group)),
    ]
  }
  // EC2 tells protection and addresses of one machine at a time.
  for (const some of inBatches(there, 8)) found.push(...(await Promise.all(some.map(differencesOf))).flat())
  const wanted = new Set(wantedNodes(file).map(({ node }) => node))
  const unwanted = await findUnwantedAddresses(ec2, wanted)
  const giveBack = unwanted.map(({ node, address }) => ({
    what: node,
    how: `has the kept address ${address}, and is wanted no more`,
    needsNewMachine: false,
  }))
  return [...found, ...giveBack]
}

/** What only a new machine can have. */
function lastingDifferences(instance: Instance, group: Group): string[] {
  const { InstanceType: type = '', ImageId: image, KeyName: key, SubnetId: subnet = '' } = instance
  const profile = instance.IamInstanceProfile?.Arn?.split('/').at(-1)
  const zone = instance.Placement?.AvailabilityZone ?? ''
  const isSpot = instance.InstanceLifecycle === 'spot'
  const found: string[] = []
  if (!group.instanceTypes.includes(type)) found.push(`is a ${type}, not ${group.instanceTypes.join(' or ')}`)
  // One by name or parameter is the newest when a machine is made, and need not be later.
  if (typeof group.image === 'string' && image !== group.image) found.push(`is made of ${image}, not ${group.image}`)
  if (group.subnets && !group.subnets.includes(subnet)) found.push(`is in ${subnet}, not ${group.subnets.join(' or ')}`)
  if (group.zones && !group.zones.includes(zone)) found.push(`is in ${zone}, not ${group.zones.join(' or ')}`)
  if (key !== group.keyPair)
    found.push(`has ${key ? `the key pair ${key}` : 'no key pair'}, not ${group.keyPair ?? 'none'}`)
  if (profile !== group.iamProfile)
    found.push(
      `has ${profile ? `the instance profile ${profile}` : 'no instance profile'}, not ${group.iamProfile ?? 'none'}`,
    )
  const isPublic = instance.PublicIpAddress !== undefined
  if (
    instance.State?.Name === 'running' &&
    group.publicAddress !== 'kept' &&
    isPublic !== (group.publicAddress === 'changing')
  )
    found.push(`has ${isPublic ? 'a' : 'no'} public address`)
  if (isSpot !== (group.market === 'spot')) found.push(`is ${isSpot ? 'spot' : 'on demand'}, not ${group.market}`)
  return found
}

function diskDifferences(instance: Instance, group: Group, volumes: Volume[]): string[] {
  const { BlockDeviceMappings: disks = [], RootDeviceName: root } = instance
  return group.volumes.flatMap((wanted) => {
    const { device, keep } = wanted
    const name = device === 'root' ? root : device
    const disk = disks.find(({ DeviceName }) => DeviceName === name)?.Ebs
    if (!disk?.VolumeId) return [`has no disk ${device}`]
    const volume = volumes.find(({ VolumeId }) => VolumeId === disk.VolumeId)
    const stays =
      disk.DeleteOnTermination === keep
        ? [`has a disk ${device} that ${keep ? 'goes with it, and is to stay' : 'stays, and is to go with it'}`]
        : []
    return [...(volume ? volumeDifferences(volume, wanted) : []), ...stays]
  })
}

function volumeDifferences(volume: Volume, { device, sizeGiB, type, iops, throughputMiBs }: Group['volumes'][number]) {
  const { Size, VolumeType, Iops, Throughput } = volume
  const found: string[] = []
  if (Size !== sizeGiB || VolumeType !== type)
    found.push(`has a ${VolumeType} of ${Size} GiB as ${device}, not a ${type} of ${sizeGiB} GiB`)
  if (iops !== undefined && Iops !== undefined && Iops !== iops)
    found.push(`has ${Iops} IOPS on ${device}, not ${iops}`)
  if (throughputMiBs !== undefined && Throughput !== undefined && Throughput !== throughputMiBs)
    found.push(`has ${Throughput} MiB/s on ${device}, not ${throughputMiBs}`)
  return found
}
