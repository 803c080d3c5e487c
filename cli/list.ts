import { z } from 'zod'
import type { Context } from './context.ts'
import { json, jsonFlag, jsonl, jsonlFlag } from './options.ts'

/** How a list is printed, on each command that lists. */
export const shownFlags = { ...jsonFlag, ...jsonlFlag } as const
export const shownOptions = { json, jsonl }
export const shownUsage = '[--json] [--jsonl]'

/** The same, of a list that the API can sort in more than one way. */
export const listFlags = { sort: { type: 'string' }, ...shownFlags } as const
export const listUsage = `[--sort FIELD] ${shownUsage}`

interface Sortable<Sorts extends Record<string, string>> {
  input: { shape: { sort: z.ZodDefault<z.ZodEnum<Sorts>> } }
}

export function listOptions<Sorts extends Record<string, string>>({ input }: Sortable<Sorts>) {
  const sorts = input.shape.sort.unwrap()
  const usual = input.shape.sort.def.defaultValue
  const says = `By which field; with - the highest come first: ${sorts.options.join(', ')}; ${usual} if not said.`
  return { sort: sorts.optional().describe(says), ...shownOptions }
}

interface Shown<Item> {
  json: boolean
  jsonl: boolean
  row: (item: Item) => Record<string, string>
  /** What people are told where there are none. */
  empty?: string
}

/** One JSON document, one JSON a line, or a table. */
export function printList<Item>(
  items: Item[],
  { json: asJson, jsonl: asLines, row, empty }: Shown<Item>,
  context: Pick<Context, 'output'>,
) {
  if (asJson) return context.output.json(items)
  if (asLines) return context.output.jsonl(items)
  context.output.table(items.map(row), empty)
}
