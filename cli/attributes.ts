import { z } from 'zod'
import { api } from '../protocol/api.ts'
import type { Context } from './context.ts'

type Scope = 'nodes' | 'clusters'
const scopeWord = { nodes: 'node', clusters: 'cluster' } as const

/** JSON where it is JSON, otherwise text: `2000`, `true`, `["a","b"]`, `hello`. */
function parseValue(text: string) {
  try {
    return z.json().parse(JSON.parse(text))
  } catch {
    return text
  }
}

export async function setAttribute(
  scope: Scope,
  [name, key, text]: [string, string, string],
  asJson: boolean,
  context: Context,
) {
  const value = parseValue(text)
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
    : `It counts at once for ${nodes.join(', ')}: connected nodes converge now.`
}
