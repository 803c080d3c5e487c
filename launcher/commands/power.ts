import { z } from 'zod'
import type { Context } from '../../cli/context.ts'
import { chosenMachines } from '../chosen-machines.ts'
import { readClusterFile, withSite } from '../open-site.ts'
import { command, filePath, siteFlags, siteOptions, siteUsage } from '../options.ts'
import { rebootNodes, startNodes, stopNodes } from '../power.ts'
import type { Machine } from '../provider.ts'
import type { Site } from '../site.ts'

const operands = z.tuple([filePath], z.string())
const chosenHelp = 'GROUP and NODE are those of the file; all of the cluster if none is said.'

export const stop = command({
  usage: `launch stop FILE [GROUP|NODE]... ${siteUsage}`,
  summary: 'Stop machines, the last groups of the file first. Their disks stay, and cost.',
  details: chosenHelp,
  flags: siteFlags,
  options: z.object({ operands, ...siteOptions }),
  run: async ({ operands: [path, ...names], ...asked }, context) =>
    withSite(await readClusterFile(path), asked, context, (site) => {
      site.server.doWithout((text) => context.output.note(text), 'stopping takes none')
      return onMachines(names, site, context, asked, stopNodes)
    }),
})

export const start = command({
  usage: `launch start FILE [GROUP|NODE]... ${siteUsage}`,
  summary: 'Start machines, group by group in the order of the file, and wait until each has converged again.',
  details: `${chosenHelp}\nA public address that is not kept is another one afterwards.`,
  flags: siteFlags,
  options: z.object({ operands, ...siteOptions }),
  run: async ({ operands: [path, ...names], ...asked }, context) =>
    withSite(await readClusterFile(path), asked, context, (site) =>
      onMachines(names, site, context, asked, startNodes),
    ),
})

export const reboot = command({
  usage: `launch reboot FILE [GROUP|NODE]... [--batch N] ${siteUsage}`,
  summary: 'Reboot machines a few at a time, and go on once those have converged again.',
  details: chosenHelp,
  flags: { batch: { type: 'string' }, ...siteFlags },
  options: z.object({
    operands,
    batch: z.coerce.number().int().min(1).default(1).describe('How many of a group at a time; 1 if not said.'),
    ...siteOptions,
  }),
  run: async ({ operands: [path, ...names], batch, ...asked }, context) =>
    withSite(await readClusterFile(path), asked, context, (site) =>
      onMachines(names, site, context, asked, (machines) => rebootNodes(machines, batch, site)),
    ),
})

async function onMachines(
  names: string[],
  site: Site,
  { output }: Context,
  { json }: { json: boolean },
  work: (machines: Machine[], site: Site) => Promise<void>,
) {
  const machines = await chosenMachines(names, site)
  await work(machines, site)
  if (json) output.json({ cluster: site.file.cluster, nodes: await chosenMachines(names, site) })
}
