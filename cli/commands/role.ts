import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { Name } from '../../protocol/name.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { attributeLines, facts } from '../describe.ts'
import { command, json, jsonFlag } from '../options.ts'
import { windowText } from '../policy-text.ts'
import { took } from '../time.ts'

const list = command({
  usage: 'role list [--json]',
  summary: 'List the roles with their recipes and how many nodes have them.',
  flags: jsonFlag,
  options: z.object({ json }),

  async run({ json: asJson }, context) {
    const roles = await (await context.api()).list(api.listRoles, {})
    if (asJson) return context.output.json(roles)
    context.output.table(
      roles.map(({ name, recipes, nodeCount, description }) => ({
        role: name,
        recipes: recipes.join(', '),
        nodes: String(nodeCount),
        description,
      })),
      'The server has no roles yet: put files into its folder of roles.',
    )
  },
})

const show = command({
  usage: 'role show ROLE [--json]',
  summary: 'Show one role: its recipes, how they are handled, attributes and nodes.',
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([Name]), json }),

  async run({ operands: [role], json: asJson }, context) {
    const found = await (await context.api()).call(api.readRole, { role })
    if (asJson) return context.output.json(found)
    context.output.line(
      facts({
        role: found.name,
        description: found.description,
        recipes: found.recipes.join(', '),
        watch: found.watch ? 'drift is repaired as it happens' : null,
        audit: found.audit ? 'what differs is reported, and nothing is changed' : null,
        window: found.window ? `changes ${windowText(found.window)}` : null,
        'run deadline': found.runDeadlineMs === undefined ? null : took(found.runDeadlineMs),
        nodes: found.nodes.join(', ') || '(none)',
        attributes: attributeLines(found.attributes),
      }),
    )
  },
})

export const roleCommands: Command<Context>[] = [list, show]
