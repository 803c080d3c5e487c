import { api } from '../protocol/api.ts'
import { readAttributeValue } from '../protocol/attribute-value.ts'
import type { Context } from './context.ts'
import { showingBothSides } from './if-revision.ts'

type Scope = 'nodes' | 'clusters'
const scopeWord = { nodes: 'node', clusters: 'cluster' } as const

interface Asked {
  scope: Scope
  name: string
  key: string
  ifRevision: number | undefined
  json: boolean
}

/** What a write of an attribute came to; it is told as it is done, or left to whoever prints the JSON. */
export async function setAttribute({ json, ...asked }: Asked, text: string, context: Context) {
  const value = readAttributeValue(text)
  const client = await context.api()
  const done = await showingBothSides(context.now(), () => client.call(api.setAttribute, { ...asked, value }))
  const { scope, name, key } = asked
  if (!json) context.output.note(`${scopeWord[scope]} ${name}: ${key} = ${JSON.stringify(value)}. ${reach(done.nodes)}`)
  return done
}

export async function unsetAttribute({ json, ...asked }: Asked, context: Context) {
  const client = await context.api()
  const done = await showingBothSides(context.now(), () => client.call(api.unsetAttribute, asked))
  const { scope, name, key } = asked
  if (!json) context.output.note(`${scopeWord[scope]} ${name} no longer sets ${key}. ${reach(done.nodes)}`)
  return done
}

function reach(nodes: string[]) {
  return nodes.length === 0
    ? 'No node is in it yet.'
    : `It counts at once for ${nodes.join(', ')}: connected nodes converge now, unless they are disabled.`
}
