import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { Name } from '../../protocol/name.ts'
import { bake } from '../bake.ts'
import { keptMachines } from '../changes.ts'
import type { Orphan } from '../ec2/gc.ts'
import { launcherPolicy } from '../ec2/policy.ts'
import { readClusterFile, withEc2Site } from '../open-site.ts'
import { command, ec2Flags, ec2Options, ec2Usage, filePath, yes, yesFlag } from '../options.ts'

const keep = z.coerce.number().int().min(1).default(3).describe('How many versions of an image stay; 3 if not said.')

export const bakeCommand = command({
  usage: `launch bake FILE GROUP [--name NAME] [--keep N] ${ec2Usage}`,
  summary: "Make an image with the agent in it of a group's image, try it, and prune older ones.",
  details: `A builder installs the agent from the server, is cleaned of keys, ids and secrets, and stopped; a machine of the new image has to join and converge before the older ones go.
A group uses it by image: { owner: self, name: 'NAME-*' }, of which the newest is taken.`,
  flags: { name: { type: 'string' }, keep: { type: 'string' }, ...ec2Flags },
  options: z.object({
    operands: z.tuple([filePath, Name]),
    name: Name.optional().describe('What the image is called; CLUSTER-GROUP if not said. Each version adds its time.'),
    keep,
    ...ec2Options,
  }),

  async run({ operands: [path, groupName], name, keep: versions, ...asked }, context) {
    return withEc2Site(await readClusterFile(path), asked, context, async (site, provider) => {
      const { cluster, groups } = site.file
      const group = groups[groupName]
      if (!group) throw new CommandError(`${path} has no group ${groupName}. It has: ${Object.keys(groups).join(', ')}`)
      const options = { groupName, group, name: name ?? `${cluster}-${groupName}`, keep: versions }
      const image = await bake(options, provider, site)
      if (asked.json) return context.output.json({ image })
      context.output.line(image)
    })
  },
})

export const gc = command({
  usage: `launch gc FILE [--keep N] [--yes] ${ec2Usage}`,
  summary: "Find what carries the cluster's tags and serves nothing, and remove it.",
  details:
    'Builders that are overdue, machines of a node that another one is, security groups of a cluster without machines, addresses and volumes in no use, images that have newer ones.',
  flags: { keep: { type: 'string' }, ...yesFlag, ...ec2Flags },
  options: z.object({ operands: z.tuple([filePath]), keep, yes, ...ec2Options }),

  async run({ operands: [path], keep: keepImages, yes: isSure, ...asked }, context) {
    return withEc2Site(await readClusterFile(path), asked, context, async (site, provider) => {
      const { machines, nodes } = await site.lookout.look()
      const known = keptMachines(machines, nodes).map(({ id }) => id)
      const found = await provider.orphans({ known, now: context.now(), keepImages })
      for (const orphan of found) context.output.note(`- ${nameOf(orphan)}: ${orphan.why}`)
      if (found.length > 0 && !isSure && !(await context.confirm('Remove that?')))
        throw new CommandError('nothing was removed. Next: --yes, where there is no terminal to ask on')
      await provider.terminate(found.flatMap((orphan) => ('machine' in orphan ? [orphan.machine] : [])))
      await provider.remove(found.flatMap((orphan) => ('belonging' in orphan ? [orphan.belonging] : [])))
      if (asked.json) return context.output.json({ removed: found })
      context.output.note(found.length > 0 ? 'That is gone.' : 'There is nothing of the kind.')
    })
  },
})

function nameOf(orphan: Orphan) {
  if ('machine' in orphan) return `${orphan.machine.node} (${orphan.machine.id})`
  const { kind, name, id } = orphan.belonging
  return `${kind} ${name} (${id})`
}

export const policy = command({
  usage: 'launch policy [--region REGION] [--account ID] [--partition P] [--node-role ARN] [--kms-key ARN]',
  summary: 'Print the IAM policy that the launcher needs, and no more.',
  flags: {
    region: { type: 'string' },
    account: { type: 'string' },
    partition: { type: 'string' },
    'node-role': { type: 'string' },
    'kms-key': { type: 'string' },
  },
  options: z.object({
    region: z.string().optional().describe('In that region alone.'),
    account: z
      .string()
      .regex(/^\d{12}$/, 'twelve digits')
      .optional()
      .describe('In that account alone.'),
    partition: z.enum(['aws', 'aws-cn', 'aws-us-gov']).optional().describe('aws if not said.'),
    'node-role': z.string().startsWith('arn:').optional().describe("The role of the nodes' instance profile."),
    'kms-key': z.string().startsWith('arn:').optional().describe('The key of volumes, if it is one of yours.'),
  }),
  async run({ region, account, partition, 'node-role': nodeRole, 'kms-key': kmsKey }, { output }) {
    output.json(
      launcherPolicy({
        ...(region && { region }),
        ...(account && { account }),
        ...(partition && { partition }),
        ...(nodeRole && { nodeRole }),
        ...(kmsKey && { kmsKey }),
      }),
    )
  },
})
