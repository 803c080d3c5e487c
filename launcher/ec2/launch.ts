import { createHash } from 'node:crypto'
import {
  type BlockDeviceMapping,
  type EbsBlockDevice,
  type Image,
  type Instance,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  type _InstanceType,
} from '@aws-sdk/client-ec2'
import { CommandError } from '../../cli/command.ts'
import type { Group } from '../cluster-file.ts'
import { type Launch, LaunchIsSpent, NoRoom, type Placement } from '../provider.ts'
import type { Ec2 } from './ec2.ts'
import { AwsError, hasAwsCode, isNoRoom, isUnknownToAws } from './errors.ts'
import { findInstances, sayReason, stateOf } from './find.ts'
import { describeImage } from './images.ts'
import { insist, onceKnown, untilSeen } from './pace.ts'
import { securityGroupOf } from './security-groups.ts'
import { type OwnTags, tagged, tagsOf } from './tags.ts'

/** Names one try to make one machine in one zone: whoever repeats it gets the same machine, not a second. */
export function clientTokenOf(cluster: string, { node, attempt, placement }: Launch): string {
  const { instanceType, zone, subnet } = placement
  const what = JSON.stringify([cluster, node, attempt, instanceType, zone ?? null, subnet ?? null])
  return createHash('sha256').update(what).digest('hex')
}

/** Makes the machine, or finds that this launch made it before. `own`: as what it is tagged, if not as a node. */
export async function launchInstance(ec2: Ec2, launch: Launch, group: Group, own?: OwnTags): Promise<string> {
  const request = await requestOf(ec2, launch, group, own)
  try {
    return living(await run(ec2, request), launch)
  } catch (error) {
    if (hasAwsCode(error, 'IdempotentParameterMismatch')) return foundOrRefused(ec2, launch, error)
    if (hasAwsCode(error, 'IdempotentInstanceTerminated')) throw await whyGone(ec2, launch, error)
    if (error instanceof AwsError && isNoRoom(error.code)) throw new NoRoom(error.message, { cause: error })
    throw error
  }
}

/** Asks whether such a machine may be made, and makes none. Whether there is room is not told. */
export async function rehearseLaunch(ec2: Ec2, launch: Launch, group: Group): Promise<void> {
  const request = await requestOf(ec2, launch, group)
  try {
    const call = () => ec2.ec2.send(new RunInstancesCommand({ ...request, DryRun: true }))
    await onceKnown(call, ec2.pace, isTooEarly)
  } catch (error) {
    const isFine = hasAwsCode(error, 'DryRunOperation') || (error instanceof AwsError && isNoRoom(error.code))
    if (!isFine) throw error
  }
}

async function run({ once, pace }: Ec2, request: RunInstancesCommandInput): Promise<Instance> {
  const call = () => once.send(new RunInstancesCommand(request))
  const { Instances = [] } = await onceKnown(
    () => insist(call, pace, ({ isUndecided }) => isUndecided),
    pace,
    isTooEarly,
  )
  const [instance] = Instances
  if (!instance) throw new Error('EC2 says that it made an instance, and names none')
  return instance
}

/** A security group made just now may not be known, and nor may an instance profile, which is told by the message alone. */
function isTooEarly(error: unknown): error is AwsError {
  if (isUnknownToAws(error)) return error.code.startsWith('InvalidGroup.')
  return hasAwsCode(error, 'InvalidParameterValue') && /Invalid IAM Instance Profile name/i.test(error.words)
}

/** AWS used to give the dead machine that the token had made. */
function living(instance: Instance, { node }: Launch): string {
  const { InstanceId: id, StateReason: reason } = instance
  if (!id) throw new Error('EC2 says that it made an instance, and does not say which')
  if (!['shutting-down', 'terminated'].includes(stateOf(instance))) return id
  const words = `${id} of ${node} is gone: ${sayReason(reason)}`
  throw isNoRoom(reason?.Code) ? new NoRoom(words) : new LaunchIsSpent(words)
}

/** The file or the image changed after the launch was asked for: what it made then counts. */
async function foundOrRefused(ec2: Ec2, launch: Launch, refusal: AwsError): Promise<string> {
  const found = await untilSeen(() => madeBy(ec2, launch), ec2.pace)
  if (!found) throw refusal
  return living(found, launch)
}

async function madeBy(ec2: Ec2, launch: Launch): Promise<Instance | undefined> {
  const Filters = [{ Name: 'client-token', Values: [clientTokenOf(ec2.cluster, launch)] }]
  return (await findInstances(ec2, Filters))[0]
}

/** EC2 tells of the machine for an hour yet: where it had no room after all, the next placement may have some. */
async function whyGone(ec2: Ec2, launch: Launch, refusal: AwsError): Promise<Error> {
  const reason = (await madeBy(ec2, launch))?.StateReason
  if (!isNoRoom(reason?.Code)) return new LaunchIsSpent(refusal.message, { cause: refusal })
  return new NoRoom(`${launch.node}: ${sayReason(reason)}`, { cause: refusal })
}

async function requestOf(
  ec2: Ec2,
  launch: Launch,
  group: Group,
  own: OwnTags = { cluster: ec2.cluster, group: launch.group, node: launch.node, attempt: launch.attempt },
): Promise<RunInstancesCommandInput> {
  const image = await describeImage(ec2, launch.image)
  const securityGroup = await securityGroupOf(ec2, launch.group)
  const { node, placement, userData } = launch
  const isSpot = group.market === 'spot'
  const tags = tagsOf(node, own, group.tags)
  const ofVolumes = group.volumes.some(({ keep }) => keep) ? tagsOf(node, { ...own, keep: 'yes' }, group.tags) : tags
  return {
    ClientToken: clientTokenOf(ec2.cluster, launch),
    MinCount: 1,
    MaxCount: 1,
    ImageId: launch.image,
    InstanceType: typeOf(placement),
    UserData: Buffer.from(userData).toString('base64'),
    ...(placement.zone && { Placement: { AvailabilityZone: placement.zone } }),
    ...network(launch, group, securityGroup),
    BlockDeviceMappings: devicesOf(group, image),
    MetadataOptions: {
      HttpEndpoint: 'enabled',
      HttpTokens: 'required',
      HttpPutResponseHopLimit: group.metadataHops,
    },
    ...(group.keyPair && { KeyName: group.keyPair }),
    ...(group.iamProfile && { IamInstanceProfile: { Name: group.iamProfile } }),
    // One that never becomes a node turns itself off; nobody may be there any more to end it (see keepWhenOff).
    ...(isSpot ? spot : { InstanceInitiatedShutdownBehavior: 'terminate' }),
    DisableApiTermination: group.isProtected,
    TagSpecifications: [
      ...tagged(tags, 'instance', 'network-interface', ...(isSpot ? (['spot-instances-request'] as const) : [])),
      ...tagged(ofVolumes, 'volume'),
    ],
  }
}

/** The SDK lists those of its day, and there are newer ones. */
function isType(name: string): name is _InstanceType {
  return /^[a-z0-9-]+\.[a-z0-9-]+$/.test(name)
}

function typeOf({ instanceType }: Placement): _InstanceType {
  if (isType(instanceType)) return instanceType
  throw new CommandError(`There is no instance type ${instanceType}.`)
}

const spot = {
  InstanceMarketOptions: {
    MarketType: 'spot',
    SpotOptions: { SpotInstanceType: 'one-time', InstanceInterruptionBehavior: 'terminate' },
  },
} as const

function network({ placement }: Launch, { publicAddress }: Group, securityGroup: string) {
  return {
    NetworkInterfaces: [
      {
        DeviceIndex: 0,
        ...(placement.subnet && { SubnetId: placement.subnet }),
        Groups: [securityGroup],
        // A kept one comes when the machine runs; until then it needs another to reach the server.
        AssociatePublicIpAddress: publicAddress !== 'none',
        DeleteOnTermination: true,
      },
    ],
  }
}

/** All disks of the image are said, since they would not be encrypted otherwise. */
export function devicesOf(
  { volumes }: Pick<Group, 'volumes'>,
  { RootDeviceName, ImageId, BlockDeviceMappings = [] }: Image,
): BlockDeviceMapping[] {
  if (!RootDeviceName) throw new CommandError(`The image ${ImageId} does not say which its root disk is: take another.`)
  const nameOf = (device: string) => (device === 'root' ? RootDeviceName : device)
  const own = BlockDeviceMappings.find(({ DeviceName }) => DeviceName === RootDeviceName)?.Ebs?.VolumeSize
  const root = { device: 'root', sizeGiB: own, type: 'gp3', keep: false } as const
  const all = volumes.some(({ device }) => device === 'root') ? volumes : [root, ...volumes]
  const said = new Set([RootDeviceName, ...all.map(({ device }) => nameOf(device))])
  return [
    ...all.map((volume) => ({
      DeviceName: nameOf(volume.device),
      Ebs: {
        VolumeSize: volume.sizeGiB,
        ...('iops' in volume && { Iops: volume.iops, Throughput: volume.throughputMiBs }),
        ...('kmsKey' in volume && { KmsKeyId: volume.kmsKey }),
        VolumeType: volume.type,
        Encrypted: true,
        DeleteOnTermination: !volume.keep,
      },
    })),
    ...BlockDeviceMappings.flatMap(({ DeviceName = '', Ebs }) =>
      Ebs && !said.has(DeviceName) ? [{ DeviceName, Ebs: asTheImageHasIt(Ebs) }] : [],
    ),
  ]
}

function asTheImageHasIt({ SnapshotId, VolumeSize, VolumeType, Iops, Throughput }: EbsBlockDevice): EbsBlockDevice {
  // Without its snapshot EC2 makes an empty one.
  return { SnapshotId, VolumeSize, VolumeType, Iops, Throughput, Encrypted: true, DeleteOnTermination: true }
}
