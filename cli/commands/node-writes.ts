import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { type NodeSummary } from '../../protocol/views.ts'
import { Name } from '../../protocol/name.ts'
import { setAttribute, unsetAttribute } from '../attributes.ts'
import { UsageError, type Command } from '../command.ts'
import type { Context } from '../context.ts'
import { command, json, jsonFlag, oneNode } from '../options.ts'

const nodeAndRoles = z.tuple([Name, Name], Name)

const assign = command({
  usage: 'node assign NODE ROLE... [--json]',
  summary: 'Give a node roles, after those it has.',
  details: 'The node converges to its new catalog by itself when it is connected.',
  flags: jsonFlag,
  options: z.object({ operands: nodeAndRoles, json }),

  async run({ operands: [node, ...roles], json: asJson }, context) {
    const client = await context.api()
    const before = await client.call(api.readNode, { node })
    print(await client.call(api.assignRoles, { node, roles }), before, asJson, context)
  },
})

const unassign = command({
  usage: 'node unassign NODE ROLE... [--json]',
  summary: 'Take roles from a node. What they made on it stays, unless the cleanup of its recipe says otherwise.',
  flags: jsonFlag,
  options: z.object({ operands: nodeAndRoles, json }),

  async run({ operands: [node, ...roles], json: asJson }, context) {
    const client = await context.api()
    const before = await client.call(api.readNode, { node })
    print(await client.call(api.unassignRoles, { node, roles }), before, asJson, context)
  },
})

function print(node: NodeSummary, before: NodeSummary, asJson: boolean, { output }: Context) {
  if (asJson) return output.json(node)
  const same = node.roles.join() === before.roles.join() ? 'Nothing changed: ' : ''
  output.note(`${same}${node.name} has ${node.roles.length > 0 ? `the roles ${node.roles.join(', ')}` : 'no roles'}.`)
  if (node.reason) output.note(`It is ${node.state}: ${node.reason}`)
}

const set = command({
  usage: 'node set NODE KEY VALUE [--json]',
  summary: 'Set an attribute of a node; it wins over those of roles and cluster.',
  details: 'VALUE is JSON where it is JSON, otherwise text. Example: trivet node set web-1 web.port 8080',
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([Name, z.string(), z.string()]), json }),
  run: ({ operands, json: asJson }, context) => setAttribute('nodes', operands, asJson, context),
})

const unset = command({
  usage: 'node unset NODE KEY [--json]',
  summary: 'Take an attribute of a node back.',
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([Name, z.string()]), json }),
  run: ({ operands, json: asJson }, context) => unsetAttribute('nodes', operands, asJson, context),
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
