import { api } from '../protocol/api.ts'
import { readAttributeValue } from '../protocol/attribute-value.ts'
import type { Context } from './context.ts'

type Scope = 'nodes' | 'clusters'
const scopeWord = { nodes: 'node', clusters: 'cluster' } as const

export async function setAttribute(
  scope: Scope,
  [name, key, text]: [string, string, string],
  asJson: boolean,
  context: Context,
) {
  const value = readAttributeValue(text)
  const done = await (await context.api()).call(api.setAttribute, { scope, name, key, value })
  if (asJson) return context.output.json(done)
  context.output.note(`${scopeWord[scope]} ${name}: ${key} = ${JSON.stringify(value)}. ${reach(done.nodes)}`)
}

export async function unsetAttribute(scope: Scope, [name, key]: [string, string], asJson: boolean, context: Context) {
  const done = await (await context.api()).call(api.unsetAttribute, { scope, name, key })
  if (asJson) return context.output.json(done)
  context.output.note(`${scopeWord[scope]} ${name} no longer sets ${key}. ${reach(done.nodes)}`)
}

function reach(nodes: string[]) {
  return nodes.length === 0
    ? 'No node is in it yet.'
    : `It counts at once for ${nodes.join(', ')}: connected nodes converge now, unless they are disabled.`
}
