import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { Name } from '../../protocol/name.ts'
import type { RevisionSummary } from '../../protocol/revision.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { facts } from '../describe.ts'
import { listFlags, listOptions, listUsage, printList } from '../list.ts'
import { command, json, jsonFlag, limit } from '../options.ts'
import { clockTime, relative, Since } from '../time.ts'

const list = command({
  usage: `revision list [--role R] [--recipe RECIPE] [--since TIME] [--until TIME] [--limit N] ${listUsage}`,
  summary: 'List the revisions of recipes and roles that came into force, newest first.',
  flags: {
    role: { type: 'string' },
    recipe: { type: 'string' },
    since: { type: 'string' },
    until: { type: 'string' },
    limit: { type: 'string' },
    ...listFlags,
  },
  options: z.object({
    role: Name.optional().describe('Only those that touched this role.'),
    recipe: Name.optional().describe('Only those that touched this recipe.'),
    since: Since.optional().describe(
      'Only those that came into force since then: 7d, 12h, 2026-11-01; all if not said.',
    ),
    until: Since.optional().describe('Only those that came into force before: 1d, 2026-11-08T12:00.'),
    limit: limit(20, 100_000),
    ...listOptions(api.listRevisions),
  }),

  async run({ limit: most, since, until, json: asJson, jsonl: asLines, ...asked }, context) {
    const now = context.now()
    const input = { ...asked, from: since?.(now), to: until?.(now) }
    const revisions = await (await context.api()).list(api.listRevisions, input, most)
    const row = ({ id, at, files, roles, recipes, types }: RevisionSummary) => ({
      revision: id.slice(0, 12),
      'in force': relative(at, now),
      files: countsOf(files),
      roles: roles.join(', '),
      recipes: recipes.join(', '),
      types: types.join(', '),
    })
    printList(revisions, { json: asJson, jsonl: asLines, row, empty: 'No revision is like that.' }, context)
  },
})

function countsOf(files: RevisionSummary['files']) {
  const counts = Object.entries(files).filter(([, paths]) => paths.length > 0)
  return counts.map(([what, paths]) => `${paths.length} ${what}`).join(', ')
}

const show = command({
  usage: 'revision show REVISION [--json]',
  summary: 'Show what a revision changed, file by file. REVISION may be cut short.',
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([z.string().min(4, 'at least four digits of its id')]), json }),

  async run({ operands: [id], json: asJson }, context) {
    const revision = await (await context.api()).call(api.readPastRevision, { id })
    if (asJson) return context.output.json(revision)
    const { files, roles, recipes, types } = revision
    context.output.line(
      facts({
        revision: revision.id,
        'in force since': clockTime(revision.at),
        roles: roles.join(', ') || null,
        recipes: recipes.join(', ') || null,
        types: types.join(', ') || null,
        added: files.added.join('\n') || null,
        changed: files.changed.join('\n') || null,
        removed: files.removed.join('\n') || null,
      }),
    )
  },
})

export const revisionCommands: Command<Context>[] = [list, show]
