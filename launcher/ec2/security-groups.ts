import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroup,
} from '@aws-sdk/client-ec2'
import { CommandError } from '../../cli/command.ts'
import type { ClusterFile } from '../cluster-file.ts'
import type { Difference } from '../provider.ts'
import type { Ec2 } from './ec2.ts'
import { hasAwsCode } from './errors.ts'
import { findSecurityGroups } from './find.ts'
import { insist, onceKnown, untilSeen } from './pace.ts'
import { type Opening, permissionOf, presentIn, sayOpening, wantedOf, without } from './rules.ts'
import { subnetsOf } from './subnets.ts'
import { tagged, tagKeys, tagOf, tagsOf, withTag } from './tags.ts'

/** Sees to a security group for each group of the file, open as its rules say and to nobody else. */
export async function prepareSecurityGroups(ec2: Ec2, file: ClusterFile): Promise<void> {
  const ids = new Map<string, string>()
  // A rule may name any other group, so all are there before the first rule.
  for (const name of Object.keys(file.groups)) ids.set(name, await ensureSecurityGroup(ec2, name, file))
  for (const [name, group] of Object.entries(file.groups)) {
    const id = ids.get(name) ?? ''
    await onceKnown(
      () =>
        applyRules(
          ec2,
          id,
          wantedOf(group, (other) => ids.get(other) ?? ''),
        ),
      ec2.pace,
    )
  }
}

function securityGroupName({ cluster }: Ec2, group: string) {
  return `${cluster}-${group}`
}

async function ensureSecurityGroup(ec2: Ec2, name: string, file: ClusterFile): Promise<string> {
  const group = file.groups[name]
  if (!group) throw new Error(`there is no group ${name}`)
  const [subnet] = await subnetsOf(ec2, name, group)
  const there = await findOurs(ec2, name)
  if (there && there.VpcId !== subnet?.VpcId)
    throw new CommandError(
      `The security group ${there.GroupName} (${there.GroupId}) is in ${there.VpcId}, and the subnets of group ${name} are in ${subnet?.VpcId}: destroy the cluster first, or give it another name.`,
    )
  return there?.GroupId ?? (await createSecurityGroup(ec2, name, subnet?.VpcId ?? ''))
}

async function createSecurityGroup(ec2: Ec2, group: string, VpcId: string): Promise<string> {
  const GroupName = securityGroupName(ec2, group)
  const request = {
    GroupName,
    Description: `Nodes of group ${group} of the Trivet cluster ${ec2.cluster}`,
    VpcId,
    TagSpecifications: tagged(tagsOf(GroupName, { cluster: ec2.cluster, group }), 'security-group'),
  }
  try {
    // A second one of that name is refused, so a lost answer makes no harm.
    const call = () => ec2.once.send(new CreateSecurityGroupCommand(request))
    const { GroupId } = await insist(call, ec2.pace, ({ isUndecided }) => isUndecided)
    if (!GroupId) throw new Error('EC2 says that it made a security group, and does not say which')
    return GroupId
  } catch (error) {
    if (!hasAwsCode(error, 'InvalidGroup.Duplicate')) throw error
    return adoptSecurityGroup(ec2, group, VpcId)
  }
}

/** One of that name is there. It is ours if it says so; just made, it may not be told of yet. */
async function adoptSecurityGroup(ec2: Ec2, group: string, VpcId: string): Promise<string> {
  const name = securityGroupName(ec2, group)
  const Filters = [
    { Name: 'group-name', Values: [name] },
    { Name: 'vpc-id', Values: [VpcId] },
  ]
  const found = await untilSeen(async () => (await findSecurityGroups(ec2, Filters))[0], ec2.pace)
  if (!found) throw new CommandError(`The security group ${name} is there, and EC2 does not tell of it. Ask again.`)
  const isOurs = tagOf(found, tagKeys.cluster) === ec2.cluster && tagOf(found, tagKeys.group) === group
  if (isOurs && found.GroupId) return found.GroupId
  throw new CommandError(
    `There is a security group ${name} (${found.GroupId}) in ${VpcId} already, and it is not ours: it has no tag ${tagKeys.cluster}=${ec2.cluster}. Rename the cluster, or delete that group.`,
  )
}

async function findOurs(ec2: Ec2, group: string): Promise<SecurityGroup | undefined> {
  const filters = [withTag(tagKeys.cluster, ec2.cluster), withTag(tagKeys.group, group)]
  return (await findSecurityGroups(ec2, filters))[0]
}

/** The id of the group's; `prepare` may have made it a moment ago. */
export async function securityGroupOf(ec2: Ec2, group: string): Promise<string> {
  const id = await untilSeen(async () => (await findOurs(ec2, group))?.GroupId, ec2.pace)
  if (id) return id
  throw new CommandError(
    `There is no security group ${securityGroupName(ec2, group)} with the tags of this cluster: \`trivet launch up\` makes it.`,
  )
}

async function applyRules(ec2: Ec2, GroupId: string, wanted: Opening[]): Promise<void> {
  const [group] = await findSecurityGroups(ec2, [{ Name: 'group-id', Values: [GroupId] }])
  const present = group ? presentIn(group) : []
  for (const opening of without(wanted, present)) await authorize(ec2, GroupId, opening)
  for (const opening of without(present, wanted)) await revoke(ec2, GroupId, opening)
}

async function authorize({ ec2 }: Ec2, GroupId: string, opening: Opening): Promise<void> {
  const request = { GroupId, IpPermissions: [permissionOf(opening)] }
  try {
    await ec2.send(new AuthorizeSecurityGroupIngressCommand(request))
  } catch (error) {
    if (!hasAwsCode(error, 'InvalidPermission.Duplicate')) throw error
  }
}

export async function revoke({ ec2 }: Ec2, GroupId: string, opening: Opening): Promise<void> {
  const request = { GroupId, IpPermissions: [permissionOf(opening)] }
  try {
    await ec2.send(new RevokeSecurityGroupIngressCommand(request))
  } catch (error) {
    if (!hasAwsCode(error, 'InvalidPermission.NotFound')) throw error
  }
}

/** What the security groups that are there let in against the file. */
export async function securityDifferences(ec2: Ec2, file: ClusterFile): Promise<Difference[]> {
  const ours = await findSecurityGroups(ec2, [withTag(tagKeys.cluster, ec2.cluster)])
  const idOf = (name: string) => ours.find((one) => tagOf(one, tagKeys.group) === name)?.GroupId ?? name
  const nameOf = (id: string) => ours.find(({ GroupId }) => GroupId === id)?.GroupName ?? id
  return ours.flatMap((one) => {
    const group = file.groups[tagOf(one, tagKeys.group) ?? '']
    if (!group) return []
    const [wanted, present] = [wantedOf(group, idOf), presentIn(one)]
    const say =
      (how: string) =>
      (opening: Opening): Difference => ({
        what: `security group ${one.GroupName}`,
        how: `${how} ${sayOpening(opening, nameOf)}`,
        needsNewMachine: false,
      })
    return [
      ...without(wanted, present).map(say('cannot be reached at')),
      ...without(present, wanted).map(say('may also be reached at')),
    ]
  })
}
