import { z } from 'zod'
import { CommandError } from '../../cli/command.ts'
import { Name } from '../../protocol/name.ts'
import { chosenMachines } from '../chosen-machines.ts'
import { lookAtSite, readClusterFile } from '../open-site.ts'
import { command, filePath, siteFlags, siteOptions, siteUsage } from '../options.ts'

export const consoleCommand = command({
  usage: `launch console FILE NODE ${siteUsage}`,
  summary: "Print the end of what a node's machine wrote to its console.",
  flags: siteFlags,
  options: z.object({ operands: z.tuple([filePath, Name]), ...siteOptions }),

  async run({ operands: [path, node], ...asked }, context) {
    return lookAtSite(await readClusterFile(path), asked, context, async (site) => {
      site.server.doWithout((text) => context.output.note(text), 'that takes none')
      const [machine] = await chosenMachines([node], site)
      if (!machine) throw new CommandError(`${node} has no machine`)
      const text = await site.provider.console(machine)
      if (asked.json) return context.output.json({ node, machine: machine.id, console: text })
      if (text === '') return context.output.note(`${machine.id} has written nothing yet.`)
      // As a terminal line ends; the console of a machine is one.
      context.output.line(text.replaceAll('\r', '').trimEnd())
    })
  },
})
