import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { AgentVersion, Patience, usualPatienceMs } from '../../protocol/upgrade.ts'
import type { Client } from '../api-client.ts'
import { type Command, CommandError, UsageError } from '../command.ts'
import type { Context } from '../context.ts'
import { giveOrder, tellOrder } from '../give-order.ts'
import { command, json, jsonFlag, jsonl, jsonlFlag } from '../options.ts'
import { finishOrder } from '../order-result.ts'
import { countOf } from '../order-text.ts'
import { Nodes, selectNodes, selectionHelp } from '../select-nodes.ts'
import { Duration } from '../time.ts'

/** `3`, or `5%` of the nodes that are to be upgraded: at least one. */
const Share = z.string().transform((text, context) => {
  const [, number = '', percent] = /^(\d+)(%?)$/.exec(text) ?? []
  const value = Number(number)
  if (number !== '' && value > 0 && (percent === '' || value <= 100))
    return (all: number) => Math.min(all, percent === '' ? value : Math.ceil((all * value) / 100))
  context.addIssue(`'${text}' is no share of nodes; write 3 or 5%`)
  return z.NEVER
})

/** An order lasts as long as a new agent may take, and what is before and after that. */
const besidesMs = 15 * 60 * 1000

const options = z.object({
  operands: z.array(Nodes),
  to: AgentVersion.describe('The version, which the server hands out (trivet server --agents DIR).'),
  canary: Share.optional().describe('So many of them first, 3 or 5%; the others only when all of those do their work.'),
  downgrade: z.boolean().default(false).describe('Also where that version is older than what runs.'),
  patience: Duration.pipe(Patience)
    .default(usualPatienceMs)
    .describe('How long a new agent has to connect and make a run before the old one comes back; 5m if not said.'),
  deadline: Duration.optional().describe(
    'When each node has its final state at the latest; a quarter of an hour more than --patience if not said.',
  ),
  wait: z.boolean().default(false).describe('Show the progress of each node until all are done.'),
  json,
  jsonl,
})
type Options = z.infer<typeof options>

const upgrade = command({
  usage:
    'agent upgrade [NODES] --to VERSION [--canary SHARE] [--downgrade] [--patience DURATION] [--deadline DURATION] [--wait] [--json] [--jsonl]',
  summary: 'Have agents become another version; one that does not do its work comes back by itself.',
  details: `Without NODES it is all of them; those that run that version already are left out. Exits with 0 when the order is given or, with --wait or
--canary, when all nodes were upgraded; otherwise with 1. What is not signed by the key that an agent was built with it refuses.
${selectionHelp}\nExample: trivet agent upgrade 'role:web' --to 1.4.0 --canary 5%`,
  flags: {
    to: { type: 'string' },
    canary: { type: 'string' },
    downgrade: { type: 'boolean' },
    patience: { type: 'string' },
    deadline: { type: 'string' },
    wait: { type: 'boolean', short: 'w' },
    ...jsonFlag,
    ...jsonlFlag,
  },
  options,

  async run(given, context) {
    const { canary, to, wait } = given
    if (given.jsonl && !wait && !canary) throw new UsageError('--jsonl tells what happens: say --wait too.')
    if (given.json && canary) throw new UsageError('--canary gives two orders, and --json is one: say --jsonl.')
    const client = await context.api()
    const nodes = await nodesToUpgrade(client, given, context)
    if (nodes.length === 0) return 0
    if (!canary) return order(client, nodes, given, context)
    const first = nodes.slice(0, canary(nodes.length))
    const others = nodes.slice(first.length)
    context.output.note(`First ${first.join(', ')}.`)
    const code = await order(client, first, { ...given, wait: true }, context)
    if (code !== 0 || others.length === 0) {
      if (others.length > 0)
        context.output.note(`${countOf(others.length, 'other node')} left as they are, without ${to}.`)
      return code
    }
    context.output.note(`Then ${countOf(others.length, 'other node')}.`)
    return order(client, others, { ...given, wait: true }, context)
  },
})

/** Those that do not run it yet; connected ones first, since a canary that is away tells nothing. */
async function nodesToUpgrade(client: Client, { operands: [selection], to }: Options, { output }: Context) {
  const nodes = selection ? await selectNodes(client, selection) : await client.list(api.listNodes, {})
  if (nodes.length === 0) throw new CommandError('No node is like that. trivet node list lists them.')
  const left = nodes.filter(({ agentVersion }) => agentVersion !== to)
  if (left.length < nodes.length) output.note(`${countOf(nodes.length - left.length, 'node')} with ${to} already.`)
  return left.toSorted((one, other) => Number(other.connected) - Number(one.connected)).map(({ name }) => name)
}

async function order(client: Client, nodes: string[], given: Options, context: Context) {
  const { to: version, downgrade, patience: patienceMs, deadline = patienceMs + besidesMs, wait } = given
  const asked = { mode: 'upgrade' as const, nodes, upgrade: { version, downgrade, patienceMs }, deadlineMs: deadline }
  const made = await giveOrder(context, (once) => client.call(api.createOrder, { ...asked, ...once }))
  if (wait) return finishOrder(client, made, { ...given, detailed: false }, context)
  return tellOrder(made, given.json, context)
}

export const agentCommands: Command<Context>[] = [upgrade]
