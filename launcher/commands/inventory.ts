import { z } from 'zod'
import { chosenMachines } from '../chosen-machines.ts'
import { inventoryFormats, inventoryOf } from '../inventory.ts'
import { lookAtSite, readClusterFile } from '../open-site.ts'
import { command, filePath, siteFlags, siteOptions, siteUsage } from '../options.ts'

export const inventory = command({
  usage: `launch inventory FILE [--format ssh|ansible|hosts] ${siteUsage}`,
  summary: 'Print the machines as an ssh config, an Ansible inventory or a hosts file.',
  flags: { format: { type: 'string' }, ...siteFlags },
  options: z.object({
    operands: z.tuple([filePath]),
    format: z.enum(inventoryFormats).default('ssh').describe('ssh, ansible or hosts; ssh if not said.'),
    ...siteOptions,
  }),

  async run({ operands: [path], format, ...asked }, context) {
    return lookAtSite(await readClusterFile(path), asked, context, async (site) => {
      site.server.doWithout((text) => context.output.note(text), 'that takes none')
      const machines = await chosenMachines([], site)
      if (asked.json) return context.output.json(machines)
      context.output.line(inventoryOf(format, site.file, machines).trimEnd())
    })
  },
})
