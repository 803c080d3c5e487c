import { z } from 'zod'
import { Name } from '../protocol/name.ts'
import { defineCommand } from './command.ts'
import type { Context } from './context.ts'

/** A command of `trivet`. */
export const command = defineCommand<Context>()

export const json = z.boolean().default(false).describe("The API's JSON on stdout, times in ms since 1970.")
export const jsonFlag = { json: { type: 'boolean' } } as const

export const jsonl = z.boolean().default(false).describe('The same, one JSON a line, as it comes.')
export const jsonlFlag = { jsonl: { type: 'boolean' } } as const

export const limit = (usual: number, most: number) =>
  z.coerce
    .number()
    .int()
    .min(1)
    .max(most)
    .default(usual)
    .describe(`How many at most, up to ${most}; ${usual} if not said.`)

/** The operand of a command that is about one node. */
export const oneNode = z.tuple([Name])
