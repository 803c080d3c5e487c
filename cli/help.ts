import { z } from 'zod'
import type { Command } from './command.ts'
import { readUsage, verbOf } from './usage.ts'

/** A flag as help and documentation show it. */
interface FlagHelp {
  /** `--node NAME`, `-y, --yes`. */
  flag: string
  text: string
}

/** What a command says of itself. */
export type Declared = Pick<Command<never>, 'usage' | 'summary' | 'details' | 'flags' | 'options'>

export function flagsOf(command: Declared): FlagHelp[] {
  const { placeholders, flags } = readUsage(command.usage)
  const inOrder = Object.entries(command.flags ?? {}).toSorted(([a], [b]) => flags.indexOf(a) - flags.indexOf(b))
  return inOrder.map(([name, { type, short }]) => ({
    flag: `${short ? `-${short}, ` : ''}--${name}${type === 'string' ? ` ${placeholders[name] ?? 'VALUE'}` : ''}`,
    text: describe(command.options, name),
  }))
}

function describe(options: z.ZodType, name: string) {
  const field: unknown = options instanceof z.ZodObject ? options.shape[name] : undefined
  return field instanceof z.ZodType ? (field.description ?? '') : ''
}

/** What `help VERB` prints. */
export function commandHelp(program: string, command: Declared) {
  const flags = flagsOf(command)
  const width = Math.max(0, ...flags.map(({ flag }) => flag.length))
  return [
    `Usage: ${program} ${command.usage}`,
    '',
    command.summary,
    ...(command.details ? ['', command.details] : []),
    ...(flags.length > 0 ? ['', ...flags.map(({ flag, text }) => `  ${flag.padEnd(width)}  ${text}`.trimEnd())] : []),
  ].join('\n')
}

/** One line for each verb. */
export function verbList(entries: { usage: string; summary: string }[]) {
  const width = Math.max(0, ...entries.map(({ usage }) => verbOf(usage).length))
  return entries.map(({ usage, summary }) => `  ${verbOf(usage).padEnd(width)}  ${summary}`).join('\n')
}
