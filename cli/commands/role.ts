import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { Name } from '../../protocol/name.ts'
import type { RoleSummary } from '../../protocol/views.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { attributeLines, facts } from '../describe.ts'
import { listFlags, listOptions, listUsage, printList } from '../list.ts'
import { command, json, jsonFlag } from '../options.ts'
import { windowText } from '../policy-text.ts'
import { took } from '../time.ts'

const list = command({
  usage: `role list [--recipe RECIPE] ${listUsage}`,
  summary: 'List the roles with their recipes and how many nodes have them.',
  flags: { recipe: { type: 'string' }, ...listFlags },
  options: z.object({
    recipe: Name.optional().describe('Only roles with this recipe.'),
    ...listOptions(api.listRoles),
  }),

  async run({ recipe, sort, ...shown }, context) {
    const roles = await (await context.api()).list(api.listRoles, { recipe, sort })
    const none = 'The server has no roles yet: put files into its folder of roles.'
    printList(roles, { ...shown, row: rowOf, empty: recipe === undefined ? none : 'No role is like that.' }, context)
  },
})

function rowOf({ name, recipes, nodeCount, description }: RoleSummary) {
  return { role: name, recipes: recipes.join(', '), nodes: String(nodeCount), description }
}

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
