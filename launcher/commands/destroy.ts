import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { chosenMachines } from '../chosen-machines.ts'
import { giveUpLaunch } from '../give-up-launch.ts'
import { readClusterFile, withSite } from '../open-site.ts'
import { command, filePath, siteFlags, siteOptions, siteUsage, yes, yesFlag } from '../options.ts'
import type { Belonging, Machine } from '../provider.ts'
import { seeLate } from '../see-late.ts'
import { lives, type Site } from '../site.ts'
import { archiveAbandoned, terminateNodes } from '../terminate-nodes.ts'

export const destroy = command({
  usage: `launch destroy FILE [GROUP|NODE]... [--force] [--yes] ${siteUsage}`,
  summary: 'End machines and archive their nodes; of the whole cluster also what else was made for it.',
  details: `Only what carries the cluster's tags. Without GROUP or NODE all of it goes: machines, security groups, addresses; volumes that are kept stay, and are told.
Machines that are protected are named, and then nothing is ended, unless --force takes the protection from them.`,
  flags: { force: { type: 'boolean' }, ...yesFlag, ...siteFlags },
  options: z.object({
    operands: z.tuple([filePath], z.string()),
    force: z.boolean().default(false).describe('Also those that are protected.'),
    yes,
    ...siteOptions,
  }),

  async run({ operands: [path, ...names], force, yes: isSure, ...asked }, context) {
    return withSite(await readClusterFile(path), asked, context, async (site) => {
      site.server.doWithout((text) => context.output.note(text), 'nodes stay in its fleet until trivet node archive')
      await seeLate(names, site)
      const machines = await chosenMachines(names, site)
      const all = names.length === 0 ? await site.provider.belongings() : []
      const belongings = all.filter(({ isKept }) => !isKept)
      for (const line of lines(machines, all)) context.output.note(line)
      if (await areStrangers(machines, site))
        context.output.note(
          `The server at ${site.server.address} knows none of these nodes: in the fleet of another they stay until trivet node archive.`,
        )
      if (machines.length + belongings.length > 0) {
        if (!isSure && !(await context.confirm(`Destroy that of cluster ${site.file.cluster}?`)))
          throw new CommandError('nothing was destroyed. Next: --yes, where there is no terminal to ask on')
        await terminateNodes(machines, site, { force })
      }
      if (names.length === 0) await removeRest(site)
      if (asked.json) context.output.json({ cluster: site.file.cluster, destroyed: { machines, belongings } })
      else context.output.note(machines.length + belongings.length > 0 ? 'That is gone.' : 'There is nothing of it.')
    })
  },
})

/** Nodes of another server, by all appearance. */
async function areStrangers(machines: Machine[], { server, book }: Site) {
  const known = await server.nodes()
  const joined = machines.filter(({ node }) => !book.launchOf(node))
  return joined.length > 0 && !server.isAway && joined.every(({ node }) => !known.has(node))
}

function lines(machines: Machine[], belongings: Belonging[]) {
  return [
    ...machines.map(({ node, id, state }) => `destroy ${node}: ${id}, which is ${state}`),
    ...belongings.map(({ kind, id, name, isKept }) => `${isKept ? 'keep' : 'destroy'} ${kind} ${name} (${id})`),
  ]
}

/** What is left when no machine is: also launches that were written down and never came to be. */
async function removeRest(site: Site) {
  const { provider, book, lookout } = site
  const late = (await lookout.look()).machines.filter(lives)
  if (late.length > 0)
    throw new CommandError(
      `${late.map(({ node, id }) => `${node} (${id})`).join(', ')} came meanwhile. Next: run this again`,
    )
  await provider.remove((await provider.belongings()).filter(({ isKept }) => !isKept))
  for (const node of book.nodes()) await giveUpLaunch(node, site)
  await archiveAbandoned(site)
}
