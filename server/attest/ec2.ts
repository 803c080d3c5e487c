import { EC2Client, type Instance as Described, paginateDescribeInstances } from '@aws-sdk/client-ec2'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { Cloud, Instance } from './cloud.ts'

/** As many values as a filter may have. */
const mostIds = 200
const requestHandler = { connectionTimeout: 5000, requestTimeout: 10_000, throwOnRequestTimeout: true }

/** Credentials and endpoint come as all AWS tools take them. Needs ec2:DescribeInstances; who it is, everybody may ask. */
export function openEc2(): Cloud {
  const clients = new Map<string, EC2Client>()
  let sts: STSClient | undefined
  const clientOf = (region: string) => {
    const client = clients.get(region) ?? new EC2Client({ region, requestHandler })
    clients.set(region, client)
    return client
  }
  return {
    async find(region, ids, signal) {
      const found: Instance[] = []
      for (let at = 0; at < ids.length; at += mostIds)
        found.push(...(await describe(clientOf(region), ids.slice(at, at + mostIds), signal)))
      return found
    },
    async account(region, signal) {
      sts ??= new STSClient({ region, requestHandler })
      const { Account = '' } = await sts.send(new GetCallerIdentityCommand({}), {
        ...(signal && { abortSignal: signal }),
      })
      return Account
    },
  }
}

/** By filter: asked by ids, one that is gone would fail all. */
async function describe(client: EC2Client, ids: string[], signal: AbortSignal | undefined) {
  const found: Instance[] = []
  const filter = { Filters: [{ Name: 'instance-id', Values: ids }] }
  const pages = paginateDescribeInstances({ client, pageSize: 1000 }, filter, {
    ...(signal && { abortSignal: signal }),
  })
  for await (const { Reservations = [] } of pages)
    for (const { OwnerId = '', Instances = [] } of Reservations)
      found.push(...Instances.map((instance) => instanceOf(instance, OwnerId)))
  return found
}

function instanceOf(described: Described, account: string): Instance {
  const { InstanceId = '', State, LaunchTime, NetworkInterfaces = [], PrivateIpAddress, Tags = [] } = described
  const ofInterfaces = NetworkInterfaces.flatMap(({ PrivateIpAddresses = [], Ipv6Addresses = [] }) => [
    ...PrivateIpAddresses.map((each) => each.PrivateIpAddress),
    ...Ipv6Addresses.map((each) => each.Ipv6Address),
  ])
  return {
    id: InstanceId,
    account,
    state: State?.Name ?? 'unknown',
    launchedAt: LaunchTime?.getTime() ?? 0,
    addresses: [...new Set([PrivateIpAddress, ...ofInterfaces])].filter((address) => address !== undefined),
    rootLateMs: rootLateMs(described),
    tags: Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value])),
  }
}

function rootLateMs({ RootDeviceName, BlockDeviceMappings = [], NetworkInterfaces = [] }: Described) {
  const root = BlockDeviceMappings.find(({ DeviceName }) => DeviceName === RootDeviceName)?.Ebs?.AttachTime
  const network = NetworkInterfaces.find(({ Attachment }) => Attachment?.DeviceIndex === 0)?.Attachment?.AttachTime
  return root && root.getTime() - (network?.getTime() ?? 0)
}
