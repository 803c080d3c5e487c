import {
  type DescribeInstanceTypeOfferingsCommandInput,
  DescribeInstanceTypesCommand,
  type Image,
  paginateDescribeInstanceTypeOfferings,
  type Subnet,
} from '@aws-sdk/client-ec2'
import { CommandError } from '../../cli/command.ts'
import type { Group } from '../cluster-file.ts'
import type { Machine, Placement } from '../provider.ts'
import { lives } from '../site.ts'
import type { Ec2 } from './ec2.ts'
import { describeImage, resolveImage } from './images.ts'
import { subnetsOf } from './subnets.ts'

/** Each type of the group in each of its zones where AWS has it: all zones of the first type, then of the next. */
export async function findPlacements(ec2: Ec2, name: string, group: Group, machines: Machine[]): Promise<Placement[]> {
  const subnets = await subnetsOf(ec2, name, group)
  await refuseOtherArchitectures(ec2, name, group)
  const offered = await findOfferings(ec2, group.instanceTypes)
  const zones = ranked(subnets, group, zonesOf(name, machines))
  if (zones.length === 0)
    throw new CommandError(
      `Group ${name} is to be spread, and all its nodes would be in ${subnets[0]?.AvailabilityZone}: give it subnets or zones beside that one.`,
    )
  const all = group.instanceTypes.flatMap((instanceType) =>
    zones
      .filter(({ AvailabilityZone: zone = '' }) => offered.has(`${instanceType} ${zone}`))
      .map(({ AvailabilityZone: zone = '', SubnetId: subnet = '' }) => ({ instanceType, zone, subnet })),
  )
  if (all.length > 0) return all
  const where = [...new Set(zones.map(({ AvailabilityZone }) => AvailabilityZone))].join(', ')
  throw new CommandError(`AWS has none of ${group.instanceTypes.join(', ')} for group ${name} in ${where}.`)
}

/** In which zones the group's machines are, each as often as it has one there. */
function zonesOf(name: string, machines: Machine[]) {
  return machines.filter((machine) => machine.group === name && lives(machine)).map(({ zone }) => zone)
}

/** A group that is to be spread begins where it has fewest, and its second machine never joins the first. */
export function ranked(subnets: Subnet[], { spread, count }: Pick<Group, 'spread' | 'count'>, taken: string[]) {
  if (!spread) return subnets
  const takenIn = ({ AvailabilityZone: zone = '' }: Subnet) => taken.filter((one) => one === zone).length
  const all = subnets.toSorted((a, b) => takenIn(a) - takenIn(b))
  const isOneZone = new Set(subnets.map(({ AvailabilityZone }) => AvailabilityZone)).size === 1
  if (isOneZone && count > 1) return []
  return all.filter((subnet) => taken.length === 0 || takenIn(subnet) < taken.length)
}

async function findOfferings({ ec2: client }: Ec2, types: string[]): Promise<Set<string>> {
  const found = new Set<string>()
  const Filters = [{ Name: 'instance-type', Values: types }]
  const asked: DescribeInstanceTypeOfferingsCommandInput = { LocationType: 'availability-zone', Filters }
  for await (const page of paginateDescribeInstanceTypeOfferings({ client, pageSize: 500 }, asked)) {
    for (const { InstanceType: type, Location: zone } of page.InstanceTypeOfferings ?? []) found.add(`${type} ${zone}`)
  }
  return found
}

/** EC2 would refuse each launch, one by one. */
async function refuseOtherArchitectures(ec2: Ec2, name: string, group: Group): Promise<void> {
  const image: Image = await describeImage(ec2, await resolveImage(ec2, group.image))
  const Filters = [{ Name: 'instance-type', Values: group.instanceTypes }]
  const { InstanceTypes: types = [] } = await ec2.ec2.send(new DescribeInstanceTypesCommand({ Filters }))
  const wrong = types.filter(
    ({ ProcessorInfo }) => !ProcessorInfo?.SupportedArchitectures?.some((one) => one === image.Architecture),
  )
  if (wrong.length === 0) return
  throw new CommandError(
    `The image ${image.ImageId} of group ${name} is for ${image.Architecture}, and ${wrong.map(({ InstanceType }) => InstanceType).join(', ')} is not: take other types, or the image for them.`,
  )
}
