import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { Name } from '../../protocol/name.ts'
import type { RecipeView } from '../../protocol/views.ts'
import { facts } from '../describe.ts'
import { listFlags, listOptions, listUsage, printList } from '../list.ts'
import { command, json, jsonFlag } from '../options.ts'
import { clockTime, relative } from '../time.ts'

const list = command({
  usage: `recipe list [--attributes] ${listUsage}`,
  summary: 'List the recipes, and the roles that use them.',
  flags: { attributes: { type: 'boolean' }, ...listFlags },
  options: z.object({
    attributes: z.boolean().default(false).describe('Also each attribute with its default.'),
    ...listOptions(api.listRecipes),
  }),

  async run({ attributes, sort, ...shown }, context) {
    const recipes = await (await context.api()).list(api.listRecipes, { sort })
    if (attributes && !shown.json && !shown.jsonl) {
      return recipes.forEach((recipe) => {
        context.output.line([recipe.name, ...linesOf(recipe.attributes).map((line) => `  ${line}`)].join('\n'))
      })
    }
    const empty = 'The server has no recipes yet: put folders into its folder of recipes.'
    printList(recipes, { ...shown, row: rowOf, empty }, context)
  },
})

function rowOf({ name, roles, description }: RecipeView) {
  return { recipe: name, roles: roles.join(', '), description }
}

function linesOf(attributes: RecipeView['attributes']) {
  return Object.entries(attributes).map(([key, { mustBeSet, default: value }]) =>
    mustBeSet ? `${key} must be set` : `${key} = ${JSON.stringify(value)}`,
  )
}

const show = command({
  usage: 'recipe show RECIPE [--json]',
  summary: 'Show one recipe: its roles, attributes, and what becomes of what it declares no more.',
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([Name]), json }),

  async run({ operands: [recipe], json: asJson }, context) {
    const found = await (await context.api()).call(api.readRecipe, { recipe })
    if (asJson) return context.output.json(found)
    const { name, description, roles, cleanup, attributes } = found
    context.output.line(
      facts({
        recipe: name,
        description,
        roles: roles.join(', ') || '(none)',
        cleanup,
        attributes: linesOf(attributes),
      }),
    )
  },
})

const check = command({
  usage: 'recipe check [--json]',
  summary: 'Load recipes and roles from disk on the server now, and compile every node.',
  details: 'Exits with 1 when anything is wrong; the revision in force stays until it is mended.',
  flags: jsonFlag,
  options: z.object({ json }),

  async run({ json: asJson }, context) {
    const found = await (await context.api()).call(api.checkSources, {})
    const right = found.errors.length === 0 && found.nodes.length === 0
    if (asJson) context.output.json(found)
    else if (right) {
      context.output.line(
        `All is well: revision ${found.revision.slice(0, 12)} is in force since ${clockTime(found.loadedAt)}.`,
      )
    } else {
      for (const error of found.errors) context.output.line(error)
      for (const { node, error } of found.nodes) context.output.line(`node ${node}: ${error}`)
    }
    return right ? 0 : 1
  },
})

const changes = command({
  usage: 'recipe changes [--diff] [--json]',
  summary: 'Which files changed with the revision of recipes and roles that is in force.',
  flags: { diff: { type: 'boolean' }, ...jsonFlag },
  options: z.object({
    diff: z.boolean().default(false).describe('Also how texts changed, line by line; needs an operator.'),
    json,
  }),

  async run({ diff, json: asJson }, context) {
    const found = await (await context.api()).call(api.readRevision, {})
    if (asJson) return context.output.json(found)
    const { output, now } = context
    const since = `Revision ${found.id.slice(0, 12)} is in force since ${relative(found.at, now())}`
    output.line(found.before ? `${since}; before it was ${found.before.id.slice(0, 12)}.` : `${since}, as the first.`)
    for (const { path, change, diff: lines } of found.changes) {
      output.line(`${change.padEnd(8)}${path}`)
      if (diff) output.line(lines ?? '(no text that is shown)')
    }
  },
})

export const recipeCommands: Command<Context>[] = [list, show, changes, check]
