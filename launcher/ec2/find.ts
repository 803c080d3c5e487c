import {
  type Address,
  DescribeAddressesCommand,
  type Filter,
  type Instance,
  paginateDescribeInstances,
  paginateDescribeSecurityGroups,
  paginateDescribeVolumes,
  type SecurityGroup,
  type StateReason,
  type Volume,
} from '@aws-sdk/client-ec2'
import { type Machine, type MachineState, ProviderIsAway } from '../provider.ts'
import type { Ec2 } from './ec2.ts'
import { AwsError, isNoRoom, isThrottled } from './errors.ts'
import { tagKeys, tagOf, withTag } from './tags.ts'

const pageSize = 500

export async function findInstances({ ec2: client }: Ec2, Filters: Filter[]): Promise<Instance[]> {
  const found: Instance[] = []
  for await (const page of paginateDescribeInstances({ client, pageSize }, { Filters })) {
    found.push(...(page.Reservations ?? []).flatMap(({ Instances }) => Instances ?? []))
  }
  return found
}

/** Those of them that AWS tells of; one just made may not be among them. */
export async function findInstancesById(ec2: Ec2, ids: string[]): Promise<Instance[]> {
  const found: Instance[] = []
  for (const some of inBatches(ids)) found.push(...(await findInstances(ec2, [{ Name: 'instance-id', Values: some }])))
  return found
}

/** AWS takes at most 200 values in a filter, and wants fewer than a thousand ids in a call. */
export function inBatches<T>(all: T[], size = 100): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size))
}

/** Also those that lost a tag of ours, by whomever: what costs is shown. */
export async function findMachines(ec2: Ec2): Promise<Machine[]> {
  const ours = await findInstances(ec2, [withTag(tagKeys.cluster, ec2.cluster)]).catch((error: unknown) => {
    const isPassing = error instanceof AwsError && (error.isUndecided || isThrottled(error))
    throw isPassing ? new ProviderIsAway(error.message, { cause: error }) : error
  })
  return ours.filter((one) => tagOf(one, tagKeys.expires) === undefined).map(machineOf)
}

/** Machines that bake images, or once did; `trivet:expires` says until when they may. */
export function findBuilders(ec2: Ec2): Promise<Instance[]> {
  return findInstances(ec2, [withTag(tagKeys.cluster, ec2.cluster), withTag(tagKeys.expires, '*')])
}

export async function findSecurityGroups({ ec2: client }: Ec2, Filters: Filter[]): Promise<SecurityGroup[]> {
  const found: SecurityGroup[] = []
  for await (const page of paginateDescribeSecurityGroups({ client, pageSize }, { Filters })) {
    found.push(...(page.SecurityGroups ?? []))
  }
  return found
}

export async function findVolumes({ ec2: client }: Ec2, Filters: Filter[]): Promise<Volume[]> {
  const found: Volume[] = []
  for await (const page of paginateDescribeVolumes({ client, pageSize }, { Filters })) {
    found.push(...(page.Volumes ?? []))
  }
  return found
}

export async function findAddresses({ ec2 }: Ec2, Filters: Filter[]): Promise<Address[]> {
  return (await ec2.send(new DescribeAddressesCommand({ Filters }))).Addresses ?? []
}

export function stateOf({ State }: Instance): MachineState {
  return State?.Name ?? 'pending'
}

/** Its code first: `Server.InsufficientInstanceCapacity: There is no room.` EC2 begins its words with the code, or does not. */
export function sayReason({ Code = 'no code', Message = 'EC2 does not say why' }: StateReason = {}): string {
  return Message.startsWith(`${Code}: `) ? Message : `${Code}: ${Message}`
}

export function machineOf(instance: Instance): Machine {
  const { InstanceId: id = '', StateReason: reason, PrivateIpAddress: inside, PublicIpAddress: outside } = instance
  return {
    id,
    node: tagOf(instance, tagKeys.node) ?? tagOf(instance, 'Name') ?? id,
    group: tagOf(instance, tagKeys.group) ?? '',
    attempt: tagOf(instance, tagKeys.attempt) ?? '',
    state: stateOf(instance),
    ...(reason?.Code && { stateReason: sayReason(reason), ...(isNoRoom(reason.Code) && { lackedRoom: true }) }),
    image: instance.ImageId ?? '',
    instanceType: instance.InstanceType ?? '',
    zone: instance.Placement?.AvailabilityZone ?? '',
    launchedAt: instance.LaunchTime?.getTime() ?? 0,
    ...(inside && { privateAddress: inside }),
    ...(outside && { publicAddress: outside }),
  }
}
