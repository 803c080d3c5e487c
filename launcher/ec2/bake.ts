import {
  CreateImageCommand,
  CreateTagsCommand,
  DescribeImagesCommand,
  type Filter,
  type Image,
  ModifyImageAttributeCommand,
} from '@aws-sdk/client-ec2'
import { CommandError } from '../../cli/command.ts'
import type { Group } from '../cluster-file.ts'
import type { Launch, Machine } from '../provider.ts'
import { lives } from '../site.ts'
import { removeImage } from './belongings.ts'
import type { Ec2 } from './ec2.ts'
import { hasAwsCode, isUnknownToAws } from './errors.ts'
import { findBuilders, findInstancesById, machineOf } from './find.ts'
import { isTried } from './images.ts'
import { launchInstance } from './launch.ts'
import { awaitChange, insist, onceKnown } from './pace.ts'
import { awaitState, stopMachines, terminateMachines } from './power.ts'
import { tagged, tagKeys, tagOf, tagsOf, withTag } from './tags.ts'

export interface Baking {
  /** What the image is called in all its versions. */
  name: string
  /** How this version is called; another with each baking. */
  version: string
  group: Group
  /** The builder: its user data installs what is to be in the image, and turns it off by itself when it takes too long. */
  launch: Launch
  /** ms since 1970; from then on the builder is an orphan. */
  expiresAt: number
  /** Until the builder has all in it that the image is to have, and nothing else: no keys, ids, secrets. */
  untilReady(builder: Machine): Promise<void>
  /** Tries a machine of the image; where it throws there will be no image. */
  trial(image: string): Promise<void>
  /** How many versions stay, this one included. */
  keep: number
}

export async function bakeImage(ec2: Ec2, baking: Baking): Promise<string> {
  await clearLeft(ec2, baking.name)
  const id = await build(ec2, baking)
  try {
    await requireTokens(ec2, id)
    await baking.trial(id)
  } catch (error) {
    await removeImage(ec2, id)
    throw error
  }
  await markTried(ec2, id)
  for (const { ImageId = '' } of await findSuperseded(ec2, baking.keep, baking.name)) await removeImage(ec2, ImageId)
  return id
}

/** What a bake of the same name left that was cut off: only one at a time is to bake it. */
async function clearLeft(ec2: Ec2, name: string): Promise<void> {
  const builders = (await findBuilders(ec2)).filter((one) => tagOf(one, tagKeys.image) === name)
  await terminateMachines(ec2, builders.map(machineOf).filter(lives))
  for (const { ImageId = '' } of await findUntried(ec2, name)) await removeImage(ec2, ImageId)
}

async function markTried({ ec2, pace }: Ec2, id: string): Promise<void> {
  const request = { Resources: [id], Tags: [{ Key: tagKeys.tried, Value: 'yes' }] }
  await onceKnown(() => ec2.send(new CreateTagsCommand(request)), pace)
}

/** Whoever makes a machine of it and does not say so has no open metadata service either. CreateImage cannot be told so. */
async function requireTokens({ ec2, pace }: Ec2, ImageId: string): Promise<void> {
  const request = { ImageId, ImdsSupport: { Value: 'v2.0' } }
  await onceKnown(() => ec2.send(new ModifyImageAttributeCommand(request)), pace)
}

async function build(ec2: Ec2, baking: Baking): Promise<string> {
  const builder = await launchBuilder(ec2, baking)
  try {
    await awaitState(ec2, [builder], 'running', ['pending'])
    const running = await describeBuilder(ec2, builder)
    await baking.untilReady(running)
    // An image of a running machine is one of a machine whose power was cut.
    await stopMachines(ec2, [running])
    return await createImage(ec2, baking, builder.id)
  } finally {
    await terminateMachines(ec2, [builder])
  }
}

async function launchBuilder(ec2: Ec2, { name, group, launch, expiresAt }: Baking): Promise<Machine> {
  const own = { cluster: ec2.cluster, group: launch.group, image: name, expires: new Date(expiresAt).toISOString() }
  const id = await launchInstance(ec2, launch, builderGroup(group), own)
  const { node, group: of, attempt, image, placement } = launch
  const { instanceType, zone = '' } = placement
  return { id, node, group: of, attempt, state: 'pending', image, instanceType, zone, launchedAt: Date.now() }
}

/** A builder is stopped, which spot is not; and nothing of it stays. */
export function builderGroup(group: Group): Group {
  const volumes = group.volumes.map((volume) => ({ ...volume, keep: false }))
  return { ...group, isProtected: false, market: 'on-demand', volumes }
}

async function describeBuilder(ec2: Ec2, builder: Machine): Promise<Machine> {
  const [instance] = await findInstancesById(ec2, [builder.id])
  return instance ? machineOf(instance) : builder
}

async function createImage(ec2: Ec2, { name, version, launch }: Baking, InstanceId: string): Promise<string> {
  const tags = tagsOf(version, { cluster: ec2.cluster, group: launch.group, image: name })
  const request = { InstanceId, Name: version, TagSpecifications: tagged(tags, 'image', 'snapshot') }
  const call = () => ec2.once.send(new CreateImageCommand(request))
  const made = await insist(call, ec2.pace, ({ isUndecided }) => isUndecided).catch(async (error: unknown) => {
    // A lost answer, and the name is taken now: by us, if it says so.
    if (!hasAwsCode(error, 'InvalidAMIName.Duplicate')) throw error
    const [there] = await findImages(ec2, [{ Name: 'name', Values: [version] }])
    if (!there || tagOf(there, tagKeys.cluster) !== ec2.cluster) throw error
    return there
  })
  const id = made.ImageId ?? ''
  await awaitImage(ec2, id, version)
  return id
}

async function awaitImage(ec2: Ec2, id: string, version: string): Promise<void> {
  const look = async () => {
    const [image] = await ofId(ec2, id)
    if (image?.State === 'available') return true
    if (!image || image.State === 'pending') return undefined
    const { Message = 'AWS does not say why', Code = 'no code' } = image.StateReason ?? {}
    await removeImage(ec2, id)
    throw new CommandError(`The image ${version} (${id}) is ${image.State}: ${Message} (${Code}). Bake it again.`)
  }
  // Copying a disk takes as long as the disk is large.
  const patient = { ...ec2.pace, changeMs: ec2.pace.changeMs * 6 }
  await awaitChange(look, () => `the image ${version} (${id}) to be available`, patient)
}

async function ofId({ ec2 }: Ec2, id: string): Promise<Image[]> {
  try {
    return (await ec2.send(new DescribeImagesCommand({ ImageIds: [id] }))).Images ?? []
  } catch (error) {
    if (isUnknownToAws(error)) return []
    throw error
  }
}

async function findImages({ ec2 }: Ec2, Filters: Filter[]): Promise<Image[]> {
  return (await ec2.send(new DescribeImagesCommand({ Owners: ['self'], Filters }))).Images ?? []
}

function findBaked(ec2: Ec2, name: string): Promise<Image[]> {
  return findImages(ec2, [withTag(tagKeys.cluster, ec2.cluster), withTag(tagKeys.image, name)])
}

/** Baked images that no machine has been tried of, or those of one name. */
export async function findUntried(ec2: Ec2, name = '*'): Promise<Image[]> {
  return (await findBaked(ec2, name)).filter((image) => !isTried(image))
}

/** All but the newest `keep` of each baked image, or of that of one name. */
export async function findSuperseded(ec2: Ec2, keep: number, name = '*'): Promise<Image[]> {
  const tried = (await findBaked(ec2, name)).filter(isTried)
  const newestFirst = tried.toSorted((a, b) => ((a.CreationDate ?? '') < (b.CreationDate ?? '') ? 1 : -1))
  const seen = new Map<string, number>()
  return newestFirst.filter((image) => {
    const of = tagOf(image, tagKeys.image) ?? ''
    seen.set(of, (seen.get(of) ?? 0) + 1)
    return (seen.get(of) ?? 0) > keep
  })
}
