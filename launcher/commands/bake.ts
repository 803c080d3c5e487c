import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { Name } from '../../protocol/name.ts'
import { bake } from '../bake.ts'
import { readClusterFile, withEc2Site } from '../open-site.ts'
import { command, ec2Flags, ec2Options, ec2Usage, filePath, keep } from '../options.ts'

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
