import { z } from 'zod'

/** The most that one page holds. */
export const maxPage = 1000

/** What every list takes beside its filters. `sorts` are names of fields, with `-` before those that count down; the first is the usual one. */
export function pageInput<const Sorts extends readonly [string, ...string[]]>(sorts: Sorts, usual = 100) {
  return {
    limit: z.coerce.number().int().min(1).max(maxPage).default(usual).describe('How many items at most.'),
    after: z.string().max(2000).optional().describe('The `next` of the page before.'),
    sort: z.enum(sorts).default(sorts[0]).describe('By which field; with `-` the highest come first.'),
  }
}

/** A list's answer: `next` asks for the page after it, and is null on the last one. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.string().nullable() })
}

export interface Page<Item> {
  items: Item[]
  next: string | null
}
