import {
  type Address,
  AllocateAddressCommand,
  AssociateAddressCommand,
  DisassociateAddressCommand,
  ReleaseAddressCommand,
} from '@aws-sdk/client-ec2'
import { CommandError } from '../../cli/command.ts'
import type { Machine } from '../provider.ts'
import type { Ec2 } from './ec2.ts'
import { AwsError, hasAwsCode } from './errors.ts'
import { findAddresses, findInstances } from './find.ts'
import { insist, onceKnown, untilSeen } from './pace.ts'
import { tagged, tagKeys, tagOf, tagsOf, withTag } from './tags.ts'

/** Elastic addresses stay with the node: whatever machine is that node has them. */
export async function findAddressesOf(ec2: Ec2, node: string): Promise<Address[]> {
  const found = await findAddresses(ec2, [withTag(tagKeys.cluster, ec2.cluster), withTag(tagKeys.node, node)])
  return found.toSorted((a, b) => ((a.AllocationId ?? '') < (b.AllocationId ?? '') ? -1 : 1))
}

/** Gives the running machine the address of its node. */
export async function keepAddress(ec2: Ec2, machine: Machine, tags: Record<string, string>): Promise<void> {
  const all = await findAddressesOf(ec2, machine.node)
  if (all.some(({ InstanceId }) => InstanceId === machine.id)) return
  const there = all.find(({ AssociationId }) => AssociationId) ?? all[0]
  // It is on the machine that was this node before.
  if (there) await takeOff(ec2, there)
  const AllocationId = there?.AllocationId ?? (await allocate(ec2, machine, tags))
  const request = { AllocationId, InstanceId: machine.id, AllowReassociation: false }
  await onceKnown(() => associate(ec2, request), ec2.pace)
}

async function associate(ec2: Ec2, request: { AllocationId: string; InstanceId: string; AllowReassociation: boolean }) {
  try {
    await ec2.ec2.send(new AssociateAddressCommand(request))
  } catch (error) {
    if (!hasAwsCode(error, 'Resource.AlreadyAssociated')) throw error
    const ids = { Name: 'allocation-id', Values: [request.AllocationId] }
    const [now] = await findAddresses(ec2, [ids])
    // The answer of the first try was lost.
    if (now?.InstanceId !== request.InstanceId) throw error
  }
}

/** There is no token for it: after a lost answer we look whether one came, and only then ask again. */
async function allocate(ec2: Ec2, { node, group }: Machine, tags: Record<string, string>): Promise<string> {
  const own = tagsOf(node, { cluster: ec2.cluster, group, node }, tags)
  const request = { Domain: 'vpc', TagSpecifications: tagged(own, 'elastic-ip') } as const
  let lost: AwsError | undefined
  for (let attempt = 1; attempt <= ec2.pace.attempts; attempt++) {
    try {
      const { AllocationId } = await insist(() => ec2.once.send(new AllocateAddressCommand(request)), ec2.pace)
      if (!AllocationId) throw new Error('EC2 says that it allocated an address, and does not say which')
      return AllocationId
    } catch (error) {
      if (!(error instanceof AwsError) || !error.isUndecided) throw error
      lost = error
      const came = await addressThatCame(ec2, node)
      if (came) return came
    }
  }
  throw lost ?? new Error('no call was made')
}

async function addressThatCame(ec2: Ec2, node: string): Promise<string | undefined> {
  return untilSeen(async () => (await findAddressesOf(ec2, node))[0]?.AllocationId, ec2.pace)
}

/** Of a machine of ours alone: somebody may have given it to another. */
async function takeOff(ec2: Ec2, address: Address): Promise<void> {
  const { AssociationId, AllocationId, PublicIp, InstanceId: id, NetworkInterfaceId: card } = address
  if (!AssociationId) return
  const ours = [withTag(tagKeys.cluster, ec2.cluster), { Name: 'instance-id', Values: [id ?? ''] }]
  if (!id || (await findInstances(ec2, ours)).length === 0)
    throw new CommandError(
      `The address ${PublicIp} (${AllocationId}) of ${tagOf(address, tagKeys.node)} is on ${id ?? card}, which is no machine of the cluster ${ec2.cluster}. Next: take it off there, or take its trivet: tags away`,
    )
  await disassociate(ec2, AssociationId)
}

async function disassociate({ ec2 }: Ec2, AssociationId: string): Promise<void> {
  try {
    await ec2.send(new DisassociateAddressCommand({ AssociationId }))
  } catch (error) {
    if (!hasAwsCode(error, 'InvalidAssociationID.NotFound')) throw error
  }
}

/** Gives an address back, from whatever machine of ours it is on. */
export async function releaseAddress(ec2: Ec2, AllocationId: string): Promise<void> {
  const [there] = await findAddresses(ec2, [{ Name: 'allocation-id', Values: [AllocationId] }])
  if (there) await takeOff(ec2, there)
  try {
    const call = () => ec2.ec2.send(new ReleaseAddressCommand({ AllocationId }))
    // That it is free shows a little later.
    await onceKnown(call, ec2.pace, (error): error is AwsError => hasAwsCode(error, 'InvalidIPAddress.InUse'))
  } catch (error) {
    if (!hasAwsCode(error, 'InvalidAllocationID.NotFound')) throw error
  }
}

/** Those of nodes that are not wanted any more. One that names no node is nobody's to give back. */
export async function findUnwantedAddresses(ec2: Ec2, wanted: ReadonlySet<string>) {
  const all = await findAddresses(ec2, [withTag(tagKeys.cluster, ec2.cluster)])
  return all.flatMap(({ AllocationId: id = '', PublicIp: address = '', Tags }) => {
    const node = tagOf({ Tags }, tagKeys.node)
    return node === undefined || wanted.has(node) ? [] : [{ id, address, node }]
  })
}
