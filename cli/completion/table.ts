import { z } from 'zod'
import { choicesOf, fieldOf } from '../choices.ts'
import type { Declared } from '../help.ts'
import { readUsage, type Usage } from '../usage.ts'
import { sources, type Source } from './sources.ts'

/**
 * What may come next, for a shell to look up: lines of `word`, a tab and what it is, or `@` and a source. The keys:
 * `verb:node list` there is such a beginning of a verb; `next:node` its next words; `flag:node list` its flags;
 * `take:node list --role` values of a flag; `take:node assign 1` the first operand, `take:node assign more` those after the last that is named.
 */
export type Table = Record<string, string[]>

/** Flags of every verb; `trivet` itself reads them. */
const everywhere = ['--help\tSay more of this verb.', '--context\tAsk the server of another context.']

export function completionTable(commands: Declared[]): Table {
  const table: Table = { 'flag:': everywhere, 'take: --context': ['@context'] }
  for (const command of commands) {
    const usage = readUsage(command.usage)
    addVerb(table, usage.verb, command.summary)
    addFlags(table, usage, command)
    addOperands(table, usage, command)
  }
  return table
}

function addVerb(table: Table, verb: string, summary: string) {
  const words = verb.split(' ')
  words.forEach((word, index) => {
    const beginning = words.slice(0, index).join(' ')
    const next = (table[`next:${beginning}`] ??= [])
    table[`verb:${words.slice(0, index + 1).join(' ')}`] ??= []
    const isWhole = index === words.length - 1
    const at = next.findIndex((line) => line.split('\t')[0] === word)
    if (at < 0) next.push(isWhole ? `${word}\t${summary}` : word)
    else if (isWhole) next[at] = `${word}\t${summary}`
  })
}

function addFlags(table: Table, usage: Usage, { flags = {}, options }: Declared) {
  const lines = Object.entries(flags).flatMap(([name, { type, short }]) => {
    const schema = fieldOf(options, name)
    const spellings = [`--${name}`, ...(short ? [`-${short}`] : [])]
    if (type === 'string') {
      const values = valuesOf(usage.verb, usage.placeholders[name] ?? '', schema)
      for (const spelling of spellings) table[`take:${usage.verb} ${spelling}`] = values
    }
    const text = schema.description ?? ''
    const negated = text.includes(`--no-${name}`) ? [`--no-${name}`] : []
    return [...spellings, ...negated].map((spelling) => `${spelling}\t${text}`)
  })
  table[`flag:${usage.verb}`] = [...lines, ...everywhere]
}

function addOperands(table: Table, { verb, operands }: Usage, { options }: Declared) {
  const schema = fieldOf(options, 'operands')
  operands.forEach(({ name, many }, index) => {
    const item = schema instanceof z.ZodTuple ? schema.def.items[index] : undefined
    const lines = valuesOf(verb, name, item instanceof z.ZodType ? item : z.unknown())
    table[`take:${verb} ${index + 1}`] = lines
    if (many) table[`take:${verb} more`] = lines
  })
}

function valuesOf(verb: string, placeholder: string, schema: z.ZodType) {
  if (/^[a-z]/.test(placeholder)) return placeholder.split('|')
  const choices = choicesOf(schema)
  return choices.length > 0 ? choices : placeholder.split('|').flatMap((word) => linesOf(sourceOf(verb, word)))
}

/** What completes a place, or undefined when nobody said. */
export function sourceOf(verb: string, placeholder: string): Source | undefined {
  return sources[`${verb.split(' ')[0]} ${placeholder}`] ?? sources[placeholder]
}

function linesOf(source: Source | undefined) {
  return source === undefined || source === 'anything' ? [] : [`@${source}`]
}
