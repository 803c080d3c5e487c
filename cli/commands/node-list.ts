import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { closest } from '../../protocol/closest.ts'
import { Name } from '../../protocol/name.ts'
import { NodeSummary } from '../../protocol/views.ts'
import { UsageError } from '../command.ts'
import type { Context } from '../context.ts'
import { inventoryOf } from '../inventory.ts'
import { command, json, jsonFlag, jsonl, jsonlFlag } from '../options.ts'
import { Nodes, selectNodes, selectionHelp } from '../select-nodes.ts'
import { stanceTexts, stateText } from '../stance-text.ts'
import { relative } from '../time.ts'

type Cell = (node: NodeSummary, context: Context) => string

const columns: Record<string, Cell> = {
  node: (node) => node.name,
  cluster: (node) => node.cluster,
  roles: (node) => node.roles.join(', '),
  state: (node, { paint }) => stateText(node, paint),
  agent: (node) => (node.connected ? 'connected' : 'offline'),
  'last run': (node, { now }) => (node.lastRun ? relative(node.lastRun.finishedAt, now()) : ''),
  address: (node) => node.address ?? '',
  why: whyOf,
  outcome: (node) => node.lastRun?.outcome ?? '',
  run: (node) => node.lastRun?.id.slice(0, 8) ?? '',
  owed: (node) => node.owed.join(', '),
  catalog: (node) => (node.behind ? 'behind' : 'converged'),
}
/** As typed, without a space: `last-run`. */
const spelled = (column: string) => column.replaceAll(' ', '-')
const known = Object.keys(columns).map(spelled)
const usual = ['node', 'cluster', 'roles', 'state', 'agent', 'last run', 'address']

const Columns = z.string().transform((text, context) =>
  text.split(',').map((word) => {
    const column = Object.keys(columns).find((one) => spelled(one) === word)
    if (column) return column
    const near = closest(word, known)
    context.addIssue(`there is no column ${word}; ${near ? `did you mean ${near}?` : `there is ${known.join(', ')}`}`)
    return ''
  }),
)

export const nodeList = command({
  usage:
    'node list [NODES] [--role R] [--cluster C] [--state STATE] [--columns COLUMNS] [--json] [--jsonl] [--inventory] [--attributes]',
  summary: 'List the nodes: roles, state, last run.',
  details: `${selectionHelp}\nExample: trivet node list 'role:web+is:offline' --columns node,state,last-run`,
  flags: {
    role: { type: 'string' },
    cluster: { type: 'string' },
    state: { type: 'string' },
    columns: { type: 'string' },
    inventory: { type: 'boolean' },
    attributes: { type: 'boolean' },
    ...jsonFlag,
    ...jsonlFlag,
  },
  options: z.object({
    operands: z.array(Nodes),
    role: Name.optional().describe('Only nodes with this role.'),
    cluster: Name.optional().describe('Only nodes of this cluster.'),
    state: NodeSummary.shape.state.optional().describe('Only nodes in this state.'),
    columns: Columns.optional().describe(`Which columns, with commas between them: ${known.join(', ')}.`),
    json,
    jsonl,
    inventory: z
      .boolean()
      .default(false)
      .describe('As Ansible reads it: groups role_R and cluster_C, addresses, facts.'),
    attributes: z.boolean().default(false).describe('With --inventory: also what is set for each node itself.'),
  }),

  async run({ operands: [selection], columns: asked, json: asJson, jsonl: asLines, ...more }, context) {
    const { role, cluster, state, inventory, attributes } = more
    if (attributes && !inventory)
      throw new UsageError('--attributes is for --inventory; --json of node show has them too.')
    const client = await context.api()
    const listed = await client.list(api.listNodes, { role, cluster, ...(inventory && { facts: true, attributes }) })
    const names = selection && new Set((await selectNodes(client, selection)).map(({ name }) => name))
    const nodes = listed.filter((node) => (!state || node.state === state) && (!names || names.has(node.name)))
    if (inventory) return context.output.json(inventoryOf(nodes))
    if (asJson) return context.output.json(nodes)
    if (asLines) return context.output.jsonl(nodes)
    const shown = asked ?? usualFor(nodes, context)
    context.output.table(
      nodes.map((node) => Object.fromEntries(shown.map((column) => [column, columns[column]?.(node, context) ?? '']))),
      selection || role || cluster || state
        ? 'No node is like that.'
        : 'There are no nodes yet. Let one join: trivet token create --role ROLE',
    )
  },
})

/** Why is a column only where there is something to say. */
function usualFor(nodes: NodeSummary[], context: Context) {
  return nodes.some((node) => whyOf(node, context) !== '') ? [...usual, 'why'] : usual
}

function whyOf(node: NodeSummary, { now }: Context) {
  const stances = Object.entries(stanceTexts(node, now())).map(([word, text]) => text && `${word} ${text}`)
  return [node.reason, ...stances].filter(Boolean).join('; ')
}
