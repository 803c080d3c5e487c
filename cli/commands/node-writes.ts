import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { type NodeSummary } from '../../protocol/views.ts'
import { Name } from '../../protocol/name.ts'
import type { Client } from '../api-client.ts'
import { setAttribute, unsetAttribute } from '../attributes.ts'
import { UsageError, type Command } from '../command.ts'
import type { Context } from '../context.ts'
import { ifRevision, ifRevisionFlag, requireOne, showingBothSides } from '../if-revision.ts'
import { onEachNode } from '../on-each-node.ts'
import { command, json, jsonFlag, oneNode } from '../options.ts'
import { isOne, Nodes, selectionHelp, type Selection } from '../select-nodes.ts'

const nodesAndRoles = z.tuple([Nodes, Name], Name)
const writeFlags = { yes: { type: 'boolean', short: 'y' }, ...ifRevisionFlag, ...jsonFlag } as const
const writeOptions = {
  'if-revision': ifRevision,
  yes: z.boolean().default(false).describe('Do not ask first, where NODES is a pattern or a filter.'),
  json,
}

const assign = command({
  usage: 'node assign NODES ROLE... [--if-revision N] [--yes] [--json]',
  summary: 'Give nodes roles, after those they have.',
  details: `A node converges to its new catalog by itself when it is connected.\n${selectionHelp}`,
  flags: writeFlags,
  options: z.object({ operands: nodesAndRoles, ...writeOptions }),
  run: ({ operands: [selection, ...roles], ...more }, context) =>
    changeRoles(
      {
        selection,
        what: `Give ${roles.join(', ')}`,
        write: (client, node, expected) => client.call(api.assignRoles, { node, roles, ifRevision: expected }),
        ...more,
      },
      context,
    ),
})

const unassign = command({
  usage: 'node unassign NODES ROLE... [--if-revision N] [--yes] [--json]',
  summary: 'Take roles from nodes. What they made stays, unless the cleanup of its recipe says otherwise.',
  details: selectionHelp,
  flags: writeFlags,
  options: z.object({ operands: nodesAndRoles, ...writeOptions }),
  run: ({ operands: [selection, ...roles], ...more }, context) =>
    changeRoles(
      {
        selection,
        what: `Take ${roles.join(', ')}`,
        write: (client, node, expected) => client.call(api.unassignRoles, { node, roles, ifRevision: expected }),
        ...more,
      },
      context,
    ),
})

interface RoleChange {
  selection: Selection
  what: string
  write: (client: Client, node: string, ifRevision: number | undefined) => Promise<NodeSummary>
  'if-revision'?: number | undefined
  yes: boolean
  json: boolean
}

async function changeRoles({ write, json: asJson, 'if-revision': revision, ...asked }: RoleChange, context: Context) {
  requireOne(asked.selection, revision)
  const client = await context.api()
  const changed = await onEachNode(client, asked, context, async (node) => {
    const before = await client.call(api.readNode, { node })
    const after = await showingBothSides(context.now(), () => write(client, node, revision))
    if (!asJson) print(after, before, context)
    return after
  })
  if (asJson) context.output.json(isOne(asked.selection) ? changed[0] : changed)
}

function print(node: NodeSummary, before: NodeSummary, { output }: Context) {
  const same = node.roles.join() === before.roles.join() ? 'Nothing changed: ' : ''
  output.note(`${same}${node.name} has ${node.roles.length > 0 ? `the roles ${node.roles.join(', ')}` : 'no roles'}.`)
  if (node.reason) output.note(`It is ${node.state}: ${node.reason}`)
}

const set = command({
  usage: 'node set NODES KEY VALUE [--if-revision N] [--yes] [--json]',
  summary: 'Set an attribute of nodes; it wins over those of roles and cluster.',
  details: `VALUE is JSON where it is JSON, otherwise text. Example: trivet node set web-1 web.port 8080\n${selectionHelp}`,
  flags: writeFlags,
  options: z.object({ operands: z.tuple([Nodes, z.string(), z.string()]), ...writeOptions }),

  async run({ operands: [selection, key, text], 'if-revision': revision, yes: sure, json: asJson }, context) {
    requireOne(selection, revision)
    const asked = { selection, what: `Set ${key}`, yes: sure }
    const done = await onEachNode(await context.api(), asked, context, (name) =>
      setAttribute({ scope: 'nodes', name, key, ifRevision: revision, json: asJson }, text, context),
    )
    if (asJson) context.output.json(isOne(selection) ? done[0] : done)
  },
})

const unset = command({
  usage: 'node unset NODES KEY [--if-revision N] [--yes] [--json]',
  summary: 'Take an attribute of nodes back.',
  details: selectionHelp,
  flags: writeFlags,
  options: z.object({ operands: z.tuple([Nodes, z.string()]), ...writeOptions }),

  async run({ operands: [selection, key], 'if-revision': revision, yes: sure, json: asJson }, context) {
    requireOne(selection, revision)
    const asked = { selection, what: `Take ${key} back`, yes: sure }
    const done = await onEachNode(await context.api(), asked, context, (name) =>
      unsetAttribute({ scope: 'nodes', name, key, ifRevision: revision, json: asJson }, context),
    )
    if (asJson) context.output.json(isOne(selection) ? done[0] : done)
  },
})

const revoke = command({
  usage: 'node revoke NODE [--yes] [--json]',
  summary: 'Refuse a node from now on; its connection is cut at once.',
  details: 'To come back it must join anew, with a new token.',
  flags: { yes: { type: 'boolean', short: 'y' }, ...jsonFlag },
  options: z.object({ operands: oneNode, yes: z.boolean().default(false).describe('Do not ask first.'), json }),

  async run({ operands: [node], yes, json: asJson }, context) {
    const sure = yes || (await context.confirm(`Revoke ${node}? It must join anew to come back.`))
    if (sure === undefined)
      throw new UsageError('There is no terminal to ask on; say --yes to revoke without being asked.')
    if (!sure) {
      context.output.note(`${node} was left alone.`)
      return 1
    }
    const revoked = await (await context.api()).call(api.revokeNode, { node })
    if (asJson) context.output.json(revoked)
    else context.output.note(`${node} is revoked.`)
    return 0
  },
})

export const nodeWrites: Command<Context>[] = [assign, unassign, set, unset, revoke]
