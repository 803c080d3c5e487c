import { z } from 'zod'

/** What became of one file of the sources with a revision. */
export const SourceChange = z.object({
  /** From the folder's parent: `recipes/nginx/nginx.ts`. */
  path: z.string(),
  change: z.enum(['added', 'changed', 'removed']),
  /** Line by line; null where it is no text, too much of it, or the caller is no operator. */
  diff: z.string().nullable(),
})
export type SourceChange = z.infer<typeof SourceChange>

/** The recipes and roles that are in force, beside those that were before. */
export const RevisionView = z.object({
  id: z.string(),
  /** Since when the server goes by it. */
  at: z.int(),
  /** Why what is on disk is not in force. */
  errors: z.array(z.string()),
  /** Null where the server has never gone by another one. */
  before: z.object({ id: z.string(), at: z.int() }).nullable(),
  changes: z.array(SourceChange),
})
export type RevisionView = z.infer<typeof RevisionView>

const paths = z.array(z.string())

/** A revision that came into force some time, and what was other in it than in the one before. */
export const RevisionSummary = z.object({
  id: z.string(),
  /** When it came into force; one that came back is listed again. */
  at: z.int(),
  /** Of the first that this server knew, everything was added. */
  files: z.object({ added: paths, changed: paths, removed: paths }),
  /** Those that are new, gone, or not what they were, with all that they import; comments make no difference. */
  roles: z.array(z.string()),
  recipes: z.array(z.string()),
  /** Resource types of your own. */
  types: z.array(z.string()),
})
export type RevisionSummary = z.infer<typeof RevisionSummary>
