import { DescribeSubnetsCommand, type Filter, paginateDescribeSubnets, type Subnet } from '@aws-sdk/client-ec2'
import { CommandError } from '../../cli/command.ts'
import type { Group } from '../cluster-file.ts'
import type { Ec2 } from './ec2.ts'

/** Where a group's machines may be, in the order of the file; of the default network where no subnets are said. */
export async function subnetsOf(ec2: Ec2, name: string, { subnets, zones }: Group): Promise<Subnet[]> {
  const found = subnets ? await named(ec2, subnets) : await ofDefaultNetwork(ec2, zones)
  const networks = new Set(found.map(({ VpcId }) => VpcId))
  if (networks.size > 1)
    throw new CommandError(
      `The subnets of group ${name} are in several networks (${[...networks].join(', ')}): a security group is in one.`,
    )
  if (found.length > 0) return found
  throw new CommandError(
    `Group ${name} has nowhere to be: the default network of ${await ec2.ec2.config.region()} has no subnet${zones ? ` in ${zones.join(', ')}` : ''}. Say subnets in the cluster file.`,
  )
}

async function named({ ec2 }: Ec2, ids: string[]): Promise<Subnet[]> {
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: ids }))
  return inOrder(Subnets, ids, ({ SubnetId }) => SubnetId)
}

async function ofDefaultNetwork({ ec2: client }: Ec2, zones: string[] | undefined): Promise<Subnet[]> {
  const Filters: Filter[] = [{ Name: 'default-for-az', Values: ['true'] }]
  if (zones) Filters.push({ Name: 'availability-zone', Values: zones })
  const found: Subnet[] = []
  for await (const page of paginateDescribeSubnets({ client, pageSize: 200 }, { Filters })) {
    found.push(...(page.Subnets ?? []))
  }
  const all = found.map(({ AvailabilityZone: zone = '' }) => zone).toSorted()
  return inOrder(found, zones ?? all, ({ AvailabilityZone }) => AvailabilityZone)
}

function inOrder<T>(all: T[], order: string[], keyOf: (one: T) => string | undefined): T[] {
  const rank = (one: T) => order.indexOf(keyOf(one) ?? '')
  return all.toSorted((a, b) => rank(a) - rank(b))
}
