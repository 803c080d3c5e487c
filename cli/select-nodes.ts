import { z } from 'zod'
import { api } from '../protocol/api.ts'
import { closest } from '../protocol/closest.ts'
import { Name } from '../protocol/name.ts'
import { nodeIs, NodeWord } from '../protocol/node-words.ts'
import { NodeSummary } from '../protocol/views.ts'
import type { Client } from './api-client.ts'
import { CommandError } from './command.ts'

/** One condition: by name, or by what a node is. */
interface Term {
  text: string
  /** A whole name, which must be there. */
  name?: string
  holds(node: NodeSummary): boolean
}

/** Which nodes are meant. Alternatives; the terms of one hold together. */
export interface Selection {
  alternatives: Term[][]
  /** Named one by one, so that nobody can be surprised by who is meant. */
  named: boolean
}

const words: string[] = NodeWord.options

export const selectionHelp = `NODES is a name, several with commas between them, a pattern such as 'web-*', or a filter: role:R, cluster:C, state:S, agent:VERSION, is:W, where W is
${words.slice(0, -1).join(', ')} or ${words.at(-1)}. + asks for both: role:web+is:offline. Example of all: '*'`

const states: readonly string[] = NodeSummary.shape.state.options
const filters: Record<string, { known?: string[]; holds(node: NodeSummary, value: string): boolean }> = {
  role: { holds: (node, value) => node.roles.includes(value) },
  cluster: { holds: (node, value) => node.cluster === value },
  state: { known: [...states], holds: (node, value) => node.state === value },
  agent: { holds: (node, value) => node.agentVersion === value },
  is: { known: words, holds: (node, value) => nodeIs[NodeWord.parse(value)](node) },
}

/** `web-1,web-2`, `web-*`, `role:web+is:offline`. */
export const Nodes = z.string().transform((text, context): Selection => {
  const alternatives = text.split(',').map((one) => one.split('+').map(readTerm))
  const wrong = alternatives.flat().filter((term): term is string => typeof term === 'string')
  for (const message of wrong) context.addIssue(message)
  const terms = alternatives.map((one) => one.flatMap((term) => (typeof term === 'string' ? [] : [term])))
  return {
    alternatives: terms,
    named: terms.every(([first, ...more]) => first?.name !== undefined && more.length === 0),
  }
})

function readTerm(text: string): Term | string {
  const [, word = '', value = ''] = /^([a-z]+):(.*)$/.exec(text) ?? []
  if (word !== '') return readFilter(text, word, value)
  if (Name.safeParse(text).success) return { text, name: text, holds: (node) => node.name === text }
  if (!/^[a-z0-9._*-]+$/.test(text)) return `'${text}' is no name, pattern or filter of nodes`
  const pattern = new RegExp(`^${text.replaceAll('.', '\\.').replaceAll('*', '.*')}$`)
  return { text, holds: (node) => pattern.test(node.name) }
}

function readFilter(text: string, word: string, value: string): Term | string {
  const filter = filters[word]
  if (!filter) return `there is no filter ${word}:; there is ${Object.keys(filters).join(':, ')}:`
  if (filter.known && !filter.known.includes(value)) {
    const near = closest(value, filter.known)
    return `there is no ${word}:${value}; ${near ? `did you mean ${word}:${near}?` : `there is ${filter.known.join(', ')}`}`
  }
  return { text, holds: (node) => filter.holds(node, value) }
}

/** One node, by its name. */
export function isOne({ alternatives, named }: Selection) {
  return named && alternatives.length === 1
}

/** Those nodes, by name. One that was named and is not there is an error. */
export async function selectNodes(client: Client, { alternatives }: Selection) {
  const all = await client.list(api.listNodes, {})
  const names = all.map(({ name }) => name)
  for (const { name } of alternatives.flat()) {
    if (name === undefined || names.includes(name)) continue
    const near = closest(name, names)
    throw new CommandError(
      `There is no node ${name}.${near ? ` Did you mean ${near}?` : ' trivet node list lists them.'}`,
    )
  }
  return all.filter((node) => alternatives.some((terms) => terms.every((term) => term.holds(node))))
}
