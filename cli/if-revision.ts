import { z } from 'zod'
import { StaleDetails } from '../protocol/views.ts'
import { ApiFailure } from './api-client.ts'
import { CommandError, UsageError } from './command.ts'
import { isOne, type Selection } from './select-nodes.ts'
import { relative } from './time.ts'

export const ifRevisionFlag = { 'if-revision': { type: 'string' } } as const

export const ifRevision = z.coerce
  .number()
  .int()
  .min(0)
  .optional()
  .describe('Only if nobody wrote to it since the revision that node show and cluster list tell.')

/** Each node has a revision of its own. */
export function requireOne(selection: Selection, revision: number | undefined) {
  if (revision !== undefined && !isOne(selection))
    throw new UsageError('--if-revision: each node has a revision of its own; name one node.')
}

/** Does the write. Where it came too late, the error also shows what is set now. */
export async function showingBothSides<Result>(now: number, write: () => Promise<Result>) {
  try {
    return await write()
  } catch (error) {
    const stale = error instanceof ApiFailure ? StaleDetails.safeParse(error.details) : undefined
    if (!(error instanceof ApiFailure) || !stale?.success) throw error
    throw new CommandError([error.message, ...setNow(stale.data, now)].join('\n'), { cause: error })
  }
}

function setNow({ theirs: { roles, attributes } }: StaleDetails, now: number) {
  const set = Object.entries(attributes).map(
    ([key, { value, author, at }]) => `  ${key} = ${JSON.stringify(value)}, by ${author}, ${relative(at, now)}`,
  )
  return [
    ...(roles ? [`  its roles now: ${roles.join(', ') || 'none'}`] : []),
    ...(set.length > 0 ? set : ['  none of its attributes is set now']),
  ]
}
