import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import type { RunMode } from '../../protocol/events.ts'
import { Name } from '../../protocol/name.ts'
import { UsageError } from '../command.ts'
import type { Context } from '../context.ts'
import { detailedExitCodes } from '../exit-codes.ts'
import { command, json, jsonFlag, jsonl, jsonlFlag } from '../options.ts'
import { giveOrder, tellOrder } from '../give-order.ts'
import { finishOrder } from '../order-result.ts'
import { Duration } from '../time.ts'

const detailed = `With --detailed-exitcodes: ${detailedExitCodes}.`

const targetFlags = {
  role: { type: 'string' },
  all: { type: 'boolean' },
  deadline: { type: 'string' },
  'detailed-exitcodes': { type: 'boolean' },
  ...jsonFlag,
  ...jsonlFlag,
} as const

const targetOptions = {
  operands: z.array(Name),
  role: Name.optional().describe('All nodes with this role.'),
  all: z.boolean().default(false).describe('All nodes.'),
  deadline: Duration.optional().describe(
    'When each node has its final state at the latest: 90s, 15m, 2h; 15m if not said.',
  ),
  json,
  jsonl,
}

const Hash = z.string().regex(/^[0-9a-f]{64}$/, 'the whole hash, 64 hex digits, as trivet plan prints it')

export const converge = command({
  usage:
    'converge [NODE...|--role R|--all] [--plan HASH|--plan-only] [--wait] [--deadline DURATION] [--detailed-exitcodes] [--json] [--jsonl]',
  summary: 'Ask nodes to converge now.',
  details: `Exits with 0 when the order is given or, with --wait, when all nodes converged; otherwise with 1.\n${detailed}`,
  flags: {
    ...targetFlags,
    plan: { type: 'string' },
    'plan-only': { type: 'boolean' },
    wait: { type: 'boolean', short: 'w' },
  },
  options: z.object({
    ...targetOptions,
    plan: Hash.optional().describe(
      'Only if the node would do just what this plan says, by the hash that trivet plan prints.',
    ),
    'plan-only': z.boolean().default(false).describe('Show what would change, as trivet plan does; change nothing.'),
    wait: z.boolean().default(false).describe('Show the progress of each node until all are done.'),
    'detailed-exitcodes': z.boolean().default(false).describe('Tell changed and failed apart in the exit code; waits.'),
  }),

  async run({ wait, plan: hash, 'plan-only': planOnly, ...options }, context) {
    if (planOnly && hash) throw new UsageError('--plan converges by a plan, --plan-only makes one: say one of them.')
    if (planOnly) return showPlan(options, context)
    const isDetailed = options['detailed-exitcodes']
    if (options.jsonl && !wait && !isDetailed) throw new UsageError('--jsonl tells what happens: say --wait too.')
    const client = await context.api()
    const asked = { ...orderOf('converge', options), ...byPlan(hash, options) }
    const order = await giveOrder(context, (once) => client.call(api.createOrder, { ...asked, ...once }))
    if (wait || isDetailed) return finishOrder(client, order, { ...options, detailed: isDetailed }, context)
    return tellOrder(order, options.json, context)
  },
})

export const plan = command({
  usage: 'plan [NODE...|--role R|--all] [--deadline DURATION] [--detailed-exitcodes] [--json] [--jsonl]',
  summary: 'Ask nodes what a converge would change, and show it; nothing is changed.',
  details: `The hash of a node's plan is for trivet converge NODE --plan HASH, which does that or nothing.
Exits with 0 when all nodes could plan, otherwise with 1.\n${detailed}`,
  flags: targetFlags,
  options: z.object({
    ...targetOptions,
    'detailed-exitcodes': z.boolean().default(false).describe('Tell would-change and failed apart in the exit code.'),
  }),
  run: (options, context) => showPlan(options, context),
})

interface Targets {
  operands: string[]
  role?: string | undefined
  all: boolean
  deadline?: number | undefined
}

async function showPlan(
  options: Targets & { json: boolean; jsonl: boolean; 'detailed-exitcodes': boolean },
  context: Context,
) {
  const client = await context.api()
  const asked = orderOf('plan', options)
  const order = await giveOrder(context, (once) => client.call(api.createOrder, { ...asked, ...once }))
  return finishOrder(client, order, { ...options, detailed: options['detailed-exitcodes'] }, context)
}

/** A plan is of one node alone. */
function byPlan(hash: string | undefined, { operands }: Targets) {
  if (hash === undefined) return {}
  if (operands.length === 1) return { plan: hash }
  throw new UsageError('--plan: a plan is of one node; name that one. Each other has a plan, and a hash, of its own.')
}

function orderOf(mode: RunMode, { operands: nodes, role, all, deadline }: Targets) {
  const ways = [nodes.length > 0 && { nodes }, role && { role }, all && { all }].filter(
    (way) => typeof way === 'object',
  )
  const [way] = ways
  if (!way || ways.length > 1) throw new UsageError('Name nodes, or --role R, or --all; one of the three.')
  return { mode, deadlineMs: deadline, ...way }
}
