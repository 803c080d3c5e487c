import { parseArgs } from 'node:util'
import type { z } from 'zod'
import { choicesOf, fieldOf } from './choices.ts'
import { UsageError, type Command } from './command.ts'
import { closest } from '../protocol/closest.ts'
import { type Given, textOf } from '../protocol/describe-issue.ts'
import { readUsage, type Usage } from './usage.ts'

/** The command's options from its arguments, or a UsageError that says which argument is wrong and why. */
export function parseOptions<Context, Options extends z.ZodType>(command: Command<Context, Options>, args: string[]) {
  const usage = readUsage(command.usage)
  const { values, positionals } = readArgs(command, args)
  checkCount(usage, positionals)
  const value = { ...values, operands: positionals }
  const parsed = command.options.safeParse(value)
  if (!parsed.success)
    throw new UsageError(parsed.error.issues.map((issue) => describe(issue, usage, { value })).join('\n'))
  return parsed.data
}

function readArgs({ flags = {}, options }: Pick<Command<unknown>, 'flags' | 'options'>, args: string[]) {
  const joined = joinValues(args, options)
  try {
    return parseArgs({ args: joined, options: flags, allowPositionals: true, allowNegative: true, strict: true })
  } catch (error) {
    if (!(error instanceof TypeError && 'code' in error)) throw error
    const flag = /Unknown option '--?([^']+)'/.exec(error.message)?.[1]
    if (flag === undefined) throw new UsageError(error.message, { cause: error })
    const near = closest(flag, Object.keys(flags))
    const dashes = flag.length === 1 ? '-' : '--'
    throw new UsageError(
      `There is no ${dashes}${flag}.${near ? ` Did you mean --${near}?` : ' (Write -- before operands that begin with a dash.)'}`,
      { cause: error },
    )
  }
}

/** `--sort -name` as `--sort=-name`: what a flag chooses from may begin with a dash. */
function joinValues(args: string[], options: z.ZodType) {
  return args.flatMap((arg, at) => {
    if (isChoice(args[at - 1], arg, options)) return []
    const next = args[at + 1]
    return next !== undefined && isChoice(arg, next, options) ? [`${arg}=${next}`] : [arg]
  })
}

function isChoice(flag = '', value: string, options: z.ZodType) {
  return value.startsWith('-') && flag.startsWith('--') && choicesOf(fieldOf(options, flag.slice(2))).includes(value)
}

function checkCount({ operands }: Usage, given: string[]) {
  const missing = operands.filter(({ required }) => required)[given.length]
  if (missing) throw new UsageError(`${missing.name} is missing.`)
  const surplus = operands.some(({ many }) => many) ? undefined : given[operands.length]
  if (surplus !== undefined) throw new UsageError(`There is nothing for '${surplus}' to say here.`)
}

function describe(issue: z.core.$ZodIssue, { operands }: Usage, given: Given) {
  const [field, index] = issue.path
  const text = textOf(issue, given)
  if (field === undefined) return text
  if (field !== 'operands') return `--${String(field)}: ${text}`
  const operand = operands[Math.min(Number(index ?? 0), operands.length - 1)]
  return `${operand?.name ?? 'operands'}: ${text}`
}
