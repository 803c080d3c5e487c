import type { Address } from '@aws-sdk/client-ec2'
import type { Belonging, Machine } from '../provider.ts'
import { lives } from '../site.ts'
import { findSuperseded, findUntried } from './bake.ts'
import { findBelongings } from './belongings.ts'
import type { Ec2 } from './ec2.ts'
import { findAddresses, findBuilders, findMachines, findVolumes, machineOf } from './find.ts'
import { tagKeys, tagOf, withTag } from './tags.ts'

export interface OrphanLook {
  /** The machines that are their nodes, by their ids. */
  kept: string[]
  /** ms since 1970. */
  now: number
  /** How many versions of each image stay. */
  keepImages: number
}

/** What carries our tags and serves nothing: `terminate` takes the machine, `remove` the belonging. */
export type Orphan = { why: string } & ({ machine: Machine } | { belonging: Belonging })

export async function findOrphans(ec2: Ec2, { kept, now, keepImages }: OrphanLook): Promise<Orphan[]> {
  const machines = (await findMachines(ec2)).filter(lives)
  const builders = (await findBuilders(ec2)).map((one) => ({ ...machineOf(one), expires: tagOf(one, tagKeys.expires) }))
  const living = builders.filter(lives)
  const expired = living.filter(({ expires = '' }) => Date.parse(expires) < now)
  const isBaking = living.length > expired.length
  const superseded = new Set((await findSuperseded(ec2, keepImages)).map(({ ImageId }) => ImageId))
  const untried = new Set((await findUntried(ec2)).map(({ ImageId }) => ImageId))
  const belongings = await findBelongings(ec2)
  const idle = await findIdle(ec2, machines)
  const isDeserted = machines.length === 0 && !isBaking
  const why = ({ kind, id }: Belonging) => {
    if (kind === 'security-group' && isDeserted) return 'the cluster has no machine'
    if (kind === 'image' && superseded.has(id)) return 'there are newer ones'
    const isBeingTried = isBaking || machines.some(({ image }) => image === id)
    if (kind === 'image' && untried.has(id) && !isBeingTried) return 'it was baked, and never tried to the end'
    // That of an image that is being baked is no image's yet.
    if (kind === 'snapshot' && !isBaking) return 'no image has it'
    return idle.get(id)
  }
  return [
    ...expired.map(({ expires, ...machine }) => ({ machine, why: `it was to bake an image until ${expires}` })),
    ...duplicates(machines, kept).map((machine) => ({ machine, why: `another machine is ${machine.node}` })),
    ...belongings.flatMap((belonging) => {
      const reason = why(belonging)
      return reason ? [{ belonging, why: reason }] : []
    }),
  ]
}

/** Without the one that is kept nobody can say which of them is too many. */
export function duplicates(machines: Machine[], kept: string[]): Machine[] {
  const isKept = ({ id }: Machine) => kept.includes(id)
  return machines.filter(
    (one) => !isKept(one) && machines.some(({ id, node }) => node === one.node && kept.includes(id)),
  )
}

function nodeOf(address: Address) {
  return tagOf(address, tagKeys.node) ?? ''
}

/** EC2 takes it off a machine that ends, a little later. */
function isFree({ AssociationId, InstanceId }: Address, living: Set<string>) {
  return !AssociationId || (InstanceId !== undefined && !living.has(InstanceId))
}

/** Addresses that are on no machine and whose node is none or has another, and volumes that nobody asked to keep. */
async function findIdle(ec2: Ec2, machines: Machine[]): Promise<Map<string, string>> {
  const ours = [withTag(tagKeys.cluster, ec2.cluster)]
  const nodes = new Set(machines.map(({ node }) => node))
  const ids = new Set(machines.map(({ id }) => id))
  const addresses = await findAddresses(ec2, ours)
  const free = addresses.filter((one) => isFree(one, ids))
  const served = new Set(addresses.filter((one) => !free.includes(one)).map(nodeOf))
  const lost = free.filter((one) => !nodes.has(nodeOf(one)))
  const spare = free.filter((one) => nodes.has(nodeOf(one)) && served.has(nodeOf(one)))
  const volumes = (await findVolumes(ec2, ours)).filter(
    (one) => one.State === 'available' && tagOf(one, tagKeys.keep) === undefined,
  )
  return new Map([
    ...lost.map(({ AllocationId = '' }) => [AllocationId, 'its node has no machine'] as const),
    ...spare.map(({ AllocationId = '' }) => [AllocationId, 'its node has another'] as const),
    ...volumes.map(({ VolumeId = '' }) => [VolumeId, 'it is on no machine, and nobody asked to keep it'] as const),
  ])
}
