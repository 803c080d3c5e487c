import {
  type Address,
  CreateTagsCommand,
  type Instance,
  ModifyInstanceMetadataOptionsCommand,
} from '@aws-sdk/client-ec2'
import { CommandError } from '../../cli/command.ts'
import type { Group } from '../cluster-file.ts'
import type { Difference, Machine } from '../provider.ts'
import { findAddressesOf, keepAddress, releaseAddress } from './addresses.ts'
import type { Ec2 } from './ec2.ts'
import { findInstancesById } from './find.ts'
import { onceKnown, untilSeen } from './pace.ts'
import { isProtected, protect } from './protection.ts'
import { tagOf } from './tags.ts'

/** One thing of a machine that is not as its group says, and can be made so in place. */
interface Adjustment {
  how: string
  make: () => Promise<void>
}

export async function adjustMachine(ec2: Ec2, machine: Machine, group: Group): Promise<void> {
  const instance = await untilSeen(async () => (await findInstancesById(ec2, [machine.id]))[0], ec2.pace)
  if (!instance) throw new CommandError(`EC2 does not tell of ${machine.node} (${machine.id}). Next: run this again`)
  for (const { make } of await findAdjustments(ec2, machine, instance, group)) await make()
}

export async function adjustable(ec2: Ec2, machine: Machine, instance: Instance, group: Group): Promise<Difference[]> {
  const adjustments = await findAdjustments(ec2, machine, instance, group)
  return adjustments.map(({ how }) => ({ what: machine.node, how, needsNewMachine: false }))
}

async function findAdjustments(ec2: Ec2, machine: Machine, instance: Instance, group: Group): Promise<Adjustment[]> {
  const isSafe = await isProtected(ec2, machine.id)
  const found: Adjustment[] = [...tagging(ec2, instance, group), ...metadata(ec2, instance, group)]
  if (isSafe !== group.isProtected) {
    const how = isSafe ? 'is protected from being terminated' : 'is not protected from being terminated'
    found.push({ how, make: () => protect(ec2, machine.id, group.isProtected) })
  }
  return [...found, ...(await addressing(ec2, machine, group))]
}

/** Tags that the file does not have may be somebody else's: they stay. */
function tagging({ ec2, pace }: Ec2, instance: Instance, group: Group): Adjustment[] {
  const wrong = Object.entries(group.tags).filter(([key, value]) => tagOf(instance, key) !== value)
  const volumes = (instance.BlockDeviceMappings ?? []).map(({ Ebs }) => Ebs?.VolumeId)
  const interfaces = (instance.NetworkInterfaces ?? []).map(({ NetworkInterfaceId: id }) => id)
  const Resources = [instance.InstanceId, ...volumes, ...interfaces].filter((id) => id !== undefined)
  const Tags = wrong.map(([Key, Value]) => ({ Key, Value }))
  const make = async () => void (await onceKnown(() => ec2.send(new CreateTagsCommand({ Resources, Tags })), pace))
  return wrong.length > 0 ? [{ how: `is not tagged ${wrong.map((tag) => tag.join('=')).join(', ')}`, make }] : []
}

function metadata({ ec2 }: Ec2, { InstanceId, MetadataOptions: now }: Instance, { metadataHops }: Group): Adjustment[] {
  // Without an answer nothing is known to be wrong: they were given at the launch.
  if (!now || (now.HttpTokens === 'required' && now.HttpPutResponseHopLimit === metadataHops)) return []
  const wanted = { HttpTokens: 'required', HttpEndpoint: 'enabled', HttpPutResponseHopLimit: metadataHops } as const
  const how = `has a metadata service with tokens ${now.HttpTokens} over ${now.HttpPutResponseHopLimit} hops`
  const make = async () => void (await ec2.send(new ModifyInstanceMetadataOptionsCommand({ InstanceId, ...wanted })))
  return [{ how, make }]
}

async function addressing(ec2: Ec2, machine: Machine, { publicAddress, tags }: Group): Promise<Adjustment[]> {
  const all = await findAddressesOf(ec2, machine.node)
  if (publicAddress === 'kept') {
    const isOnIt = all.some(({ InstanceId }) => InstanceId === machine.id)
    if (!isOnIt) return [{ how: 'has no kept address', make: () => keepAddress(ec2, machine, tags) }]
    // It came as well where an answer or a launcher was lost, and EC2 did not tell of it in time.
    return all.filter(({ AssociationId }) => !AssociationId).map(giveBack('the second address'))
  }
  return all.map(giveBack('the kept address'))

  function giveBack(what: string) {
    return ({ AllocationId = '', PublicIp }: Address): Adjustment => ({
      how: `has ${what} ${PublicIp}`,
      make: () => releaseAddress(ec2, AllocationId),
    })
  }
}
