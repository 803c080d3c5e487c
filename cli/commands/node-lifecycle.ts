import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { Name } from '../../protocol/name.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { onEachNode } from '../on-each-node.ts'
import { listFlags, listOptions, listUsage, printList } from '../list.ts'
import { command, json, jsonFlag } from '../options.ts'
import { Nodes, selectionHelp } from '../select-nodes.ts'
import { relative } from '../time.ts'

const rename = command({
  usage: 'node rename NODE NAME [--json]',
  summary: 'Call a node by another name. It stays the same node, with its key, roles, ordinals and history.',
  details:
    "Recipes see the new name at once. The machine's own host name is another matter: the resource hostname sets that.",
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([Name, Name]), json }),

  async run({ operands: [node, to], json: asJson }, context) {
    const renamed = await (await context.api()).call(api.renameNode, { node, to })
    if (asJson) return context.output.json(renamed)
    context.output.note(`${node} is called ${to} from now on.`)
  },
})

const approve = command({
  usage: 'node approve NODES [--yes] [--json]',
  summary: 'Let nodes in that joined by a token that asks for it: until then they get no catalog.',
  details: `trivet token create --approval makes such tokens; node list says who waits. To refuse one: trivet node revoke NODE\n${selectionHelp}`,
  flags: { yes: { type: 'boolean', short: 'y' }, ...jsonFlag },
  options: z.object({
    operands: z.tuple([Nodes]),
    yes: z.boolean().default(false).describe('Do not ask first, where NODES is a pattern or a filter.'),
    json,
  }),

  async run({ operands: [selection], yes, json: asJson }, context) {
    const client = await context.api()
    const asked = { selection, what: 'Approve', yes }
    const approved = await onEachNode(client, asked, context, (node) => client.call(api.approveNode, { node }))
    if (asJson) return context.output.json(approved)
    for (const { name, waited } of approved)
      context.output.note(waited ? `${name} is approved.` : `${name} was not waiting to be approved; nothing was done.`)
  },
})

const archive = command({
  usage: 'node archive NODE [--json]',
  summary: 'Take a node out of the fleet, and keep its history, roles, name and key until it is restored.',
  details:
    'Its connection is cut, and the others of its cluster no longer see it. For good, and to free its name: trivet node revoke NODE',
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([Name]), json }),

  async run({ operands: [node], json: asJson }, context) {
    const archived = await (await context.api()).call(api.archiveNode, { node })
    if (asJson) return context.output.json(archived)
    context.output.note(`${node} is archived. It comes back by: trivet node restore ${node}`)
  },
})

const restore = command({
  usage: 'node restore NODE [--json]',
  summary: 'Take an archived node back into the fleet; its agent connects again within a minute.',
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([Name]), json }),

  async run({ operands: [node], json: asJson }, context) {
    const restored = await (await context.api()).call(api.restoreNode, { node })
    if (asJson) return context.output.json(restored)
    context.output.note(`${node} is in the fleet again.`)
  },
})

const archived = command({
  usage: `node archived ${listUsage}`,
  summary: 'List the nodes that are archived.',
  flags: listFlags,
  options: z.object(listOptions(api.listArchivedNodes)),

  async run({ sort, ...shown }, context) {
    const nodes = await (await context.api()).list(api.listArchivedNodes, { sort })
    const row = ({ name, cluster, createdAt, archivedAt }: (typeof nodes)[number]) => ({
      node: name,
      cluster,
      joined: relative(createdAt, context.now()),
      archived: archivedAt === null ? '' : relative(archivedAt, context.now()),
    })
    printList(nodes, { ...shown, row, empty: 'No node is archived.' }, context)
  },
})

export const nodeLifecycle: Command<Context>[] = [rename, approve, archive, restore, archived]
