import { z } from 'zod'
import type { Command } from '../../cli/command.ts'
import type { Context } from '../../cli/context.ts'
import type { ListedNode } from '../../protocol/views.ts'
import { urlsOf } from '../inventory.ts'
import { lookAtSite, readClusterFile } from '../open-site.ts'
import { command, filePath, providerFlag, siteFlags, siteOptions, siteUsage } from '../options.ts'
import type { Machine } from '../provider.ts'
import { inOrder, lives, whyNotUp, type Site } from '../site.ts'

const flags = siteFlags
const options = z.object({ operands: z.tuple([filePath]), ...siteOptions })
type Options = z.infer<typeof options>

const status = command({
  usage: `launch status FILE ${siteUsage}`,
  summary: 'List the nodes of a cluster: machine, place, addresses, how each stands, and how to reach it.',
  details:
    'Its URLs are those of the cluster file (urls of a group). The same by another name: trivet launch information',
  flags,
  options,
  run: show,
})

const information = command({
  usage: `launch information FILE ${siteUsage}`,
  summary: 'The same as launch status.',
  flags,
  options,
  run: show,
})

export const statusCommands: Command<Context>[] = [status, information]

async function show({ operands: [path], ...asked }: Options, context: Context): Promise<void> {
  return lookAtSite(await readClusterFile(path), asked, context, async (site) => {
    site.server.doWithout((text) => context.output.note(text), 'how its nodes stand is not known')
    const nodes = await standingsOf(site)
    const urls = urlsOf(site.file, nodes)
    if (asked.json) return context.output.json({ cluster: site.file.cluster, nodes, urls })
    context.output.table(
      nodes.map(({ node, id, state, stands, instanceType, zone, privateAddress, publicAddress, shell }) => ({
        node,
        machine: `${id} ${state}`,
        stands: cut(stands),
        type: instanceType,
        zone,
        address: [publicAddress, privateAddress].filter(Boolean).join(' '),
        shell,
      })),
      `Cluster ${site.file.cluster} has no machine. Make them with: trivet launch up ${path}${providerFlag(asked.provider)}`,
    )
    for (const { name, url } of urls) context.output.line(`${name}: ${url}`)
  })
}

/** In a table. */
const longest = 60

function cut(text: string) {
  const [line = ''] = text.split('\n')
  return line.length > longest || line !== text ? `${line.slice(0, longest)}…` : line
}

async function standingsOf({ file, provider, server, lookout, book }: Site) {
  const { machines, nodes } = await lookout.look()
  return inOrder(file, machines.filter(lives)).map((machine) => {
    const node = nodes.get(machine.node)
    const stands = server.isAway ? 'not known' : standingOf(machine, node)
    const group = file.groups[machine.group]
    return {
      ...machine,
      stands: book.launchOf(machine.node) ? `${stands} (its launch is not over: run up again)` : stands,
      shell: group ? provider.shellOf(machine, group).join(' ') : '',
    }
  })
}

function standingOf({ state }: Machine, node: ListedNode | undefined) {
  if (state !== 'running') return state
  return node ? (whyNotUp(node) ?? 'ready') : 'has not joined'
}
