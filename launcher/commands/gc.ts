import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { keptMachines } from '../changes.ts'
import type { Orphan } from '../ec2/gc.ts'
import { readClusterFile, withEc2Site } from '../open-site.ts'
import { command, ec2Flags, ec2Options, ec2Usage, filePath, keep, yes, yesFlag } from '../options.ts'
import { terminateNodes } from '../terminate-nodes.ts'

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
      const kept = keptMachines(machines, nodes).map(({ id }) => id)
      const found = await provider.orphans({ kept, now: context.now(), keepImages })
      for (const orphan of found) context.output.note(`- ${nameOf(orphan)}: ${orphan.why}`)
      if (found.length > 0 && !isSure && !(await context.confirm('Remove that?')))
        throw new CommandError('nothing was removed. Next: --yes, where there is no terminal to ask on')
      await terminateNodes(
        found.flatMap((orphan) => ('machine' in orphan ? [orphan.machine] : [])),
        site,
      )
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
