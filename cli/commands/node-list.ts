import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { closest } from '../../protocol/closest.ts'
import { RunOutcome } from '../../protocol/events.ts'
import { Name } from '../../protocol/name.ts'
import { type NodeSummary, NodeState } from '../../protocol/views.ts'
import { UsageError } from '../command.ts'
import type { Context } from '../context.ts'
import { inventoryOf } from '../inventory.ts'
import { listFlags, listOptions, listUsage, printList } from '../list.ts'
import { command } from '../options.ts'
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
  version: (node) => node.agentVersion ?? '',
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

const filterFlags = {
  role: { type: 'string' },
  'without-role': { type: 'string' },
  cluster: { type: 'string' },
  state: { type: 'string' },
  outcome: { type: 'string' },
  connected: { type: 'boolean' },
  behind: { type: 'boolean' },
  disabled: { type: 'boolean' },
  audit: { type: 'boolean' },
  text: { type: 'string' },
} as const

const filterUsage =
  '[--role R] [--without-role R] [--cluster C] [--state STATE] [--outcome OUTCOME] [--connected] [--behind] [--disabled] [--audit] [--text TEXT]'

const only = (which: string, not: string) =>
  z.boolean().optional().describe(`Only nodes that ${which}; --no-${not} for the others.`)

const filterOptions = {
  role: Name.optional().describe('Only nodes with this role.'),
  'without-role': Name.optional().describe('Only nodes without this role.'),
  cluster: Name.optional().describe('Only nodes of this cluster.'),
  state: NodeState.optional().describe(`Only nodes in this state: ${NodeState.options.join(', ')}.`),
  outcome: RunOutcome.optional().describe(`Only nodes whose last run ended so: ${RunOutcome.options.join(', ')}.`),
  connected: only('are connected', 'connected'),
  behind: only('have not converged to their newest catalog', 'behind'),
  disabled: only('are disabled', 'disabled'),
  audit: only('are only audited', 'audit'),
  text: z.string().optional().describe('Only nodes with this in the name, the address or the reason.'),
}

export const nodeList = command({
  usage: `node list [NODES] ${filterUsage} [--columns COLUMNS] [--inventory] [--facts] [--attributes] ${listUsage}`,
  summary: 'List the nodes: roles, state, last run.',
  details: `${selectionHelp}\nThe column why has the beginning of a long reason; node show tells all of it.\nExample: trivet node list 'role:web+is:offline' --columns node,state,last-run --sort -lastRun`,
  flags: {
    ...filterFlags,
    columns: { type: 'string' },
    inventory: { type: 'boolean' },
    facts: { type: 'boolean' },
    attributes: { type: 'boolean' },
    ...listFlags,
  },
  options: z.object({
    operands: z.array(Nodes),
    ...filterOptions,
    columns: Columns.optional().describe(`Which columns, with commas between them: ${known.join(', ')}.`),
    inventory: z
      .boolean()
      .default(false)
      .describe('As Ansible reads it: groups role_R and cluster_C, addresses, facts.'),
    facts: z.boolean().default(false).describe('With --json or --jsonl: also the facts of each node.'),
    attributes: z
      .boolean()
      .default(false)
      .describe('With --json, --jsonl or --inventory: also what is set for each node itself.'),
    ...listOptions(api.listNodes),
  }),

  async run(
    { operands: [selection], columns: asked, json, jsonl, inventory, facts, attributes, sort, ...given },
    context,
  ) {
    const { 'without-role': withoutRole, ...filter } = given
    if ((facts || attributes) && !json && !jsonl && !inventory)
      throw new UsageError('--facts and --attributes are more than a table holds: say --json, --jsonl or --inventory.')
    const more = { facts: facts || inventory || undefined, attributes: attributes || undefined }
    const client = await context.api()
    const listed = await client.list(api.listNodes, { ...filter, withoutRole, ...more, sort })
    const names = selection && new Set((await selectNodes(client, selection)).map(({ name }) => name))
    const nodes = names ? listed.filter(({ name }) => names.has(name)) : listed
    if (inventory) return context.output.json(inventoryOf(nodes))
    const isFiltered = [selection, ...Object.values(given)].some((one) => one !== undefined)
    const none = 'There are no nodes yet. Let one join: trivet token create --role ROLE'
    const shown = asked ?? usualFor(nodes, context)
    const row = (node: NodeSummary) =>
      Object.fromEntries(shown.map((column) => [column, columns[column]?.(node, context) ?? '']))
    printList(nodes, { json, jsonl, row, empty: isFiltered ? 'No node is like that.' : none }, context)
  },
})

/** Why is a column only where there is something to say. */
function usualFor(nodes: NodeSummary[], context: Context) {
  return nodes.some((node) => whyOf(node, context) !== '') ? [...usual, 'why'] : usual
}

function whyOf(node: NodeSummary, { now }: Context) {
  const stances = Object.entries(stanceTexts(node, now())).map(([word, text]) => text && `${word} ${text}`)
  return [node.reason, ...stances].flatMap((text) => (text ? [beginningOf(text)] : [])).join('; ')
}

/** Of what a column has room for: an error of compiling may be long, and node show tells all of it. */
const widest = 100

function beginningOf(text: string) {
  const line = text.replaceAll(/\s*\n\s*/g, ' ')
  return line.length > widest ? `${line.slice(0, widest - 1)}…` : line
}
