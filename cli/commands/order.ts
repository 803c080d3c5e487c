import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { Name } from '../../protocol/name.ts'
import { type Order, OrderMode, type OrderSummary, TargetState } from '../../protocol/views.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { facts } from '../describe.ts'
import { detailedExitCodes } from '../exit-codes.ts'
import { giveOrder, tellOrder } from '../give-order.ts'
import { listFlags, listOptions, listUsage, printList } from '../list.ts'
import { command, json, jsonFlag, jsonl, jsonlFlag, limit } from '../options.ts'
import { finishOrder } from '../order-result.ts'
import { resultOf, stateWord, tally, tallyOfStates } from '../order-text.ts'
import { paintWord } from '../paint.ts'
import { clockTime, relative } from '../time.ts'

const oneOrder = z.tuple([z.string()])
const waitFlags = { wait: { type: 'boolean', short: 'w' }, ...jsonFlag } as const
const waits = z.boolean().default(false).describe('Show the progress of each node until all are done.')

const list = command({
  usage: `order list [--node NODE] [--mode MODE] [--author USER] [--state STATE] [--open] [--limit N] ${listUsage}`,
  summary: 'List orders, newest first.',
  flags: {
    node: { type: 'string' },
    mode: { type: 'string' },
    author: { type: 'string' },
    state: { type: 'string' },
    open: { type: 'boolean' },
    limit: { type: 'string' },
    ...listFlags,
  },
  options: z.object({
    node: Name.optional().describe('Only orders for this node.'),
    mode: OrderMode.optional().describe('Only converge, only plan, or only upgrade.'),
    author: z.string().optional().describe('Only orders of this user.'),
    state: TargetState.optional().describe(`Only orders with a node in this state: ${TargetState.options.join(', ')}.`),
    open: z
      .boolean()
      .optional()
      .describe('Only orders that some node is not done with; --no-open: that all are done with.'),
    limit: limit(20, 100_000),
    ...listOptions(api.listOrders),
  }),

  async run({ limit: most, json: asJson, jsonl: asLines, ...asked }, context) {
    const orders = await (await context.api()).list(api.listOrders, asked, most)
    const row = (order: OrderSummary) => ({
      order: order.id,
      mode: order.mode,
      author: order.author,
      given: relative(order.createdAt, context.now()),
      nodes: tallyOfStates(order),
    })
    printList(orders, { json: asJson, jsonl: asLines, row, empty: 'No order is like that.' }, context)
  },
})

const show = command({
  usage: 'order show ORDER [--wait] [--json]',
  summary: 'Show an order with the state of each node.',
  details: 'With --wait it follows the order, as order watch does.',
  flags: waitFlags,
  options: z.object({ operands: oneOrder, wait: waits, json }),

  async run({ operands: [id], wait, json: asJson }, context) {
    const client = await context.api()
    const order = await client.call(api.readOrder, { id })
    if (wait) return finishOrder(client, order, { detailed: false, json: asJson, jsonl: false }, context)
    if (asJson) context.output.json(order)
    else print(order, context)
    return 0
  },
})

const watch = command({
  usage: 'order watch ORDER [--detailed-exitcodes] [--json] [--jsonl]',
  summary: 'Follow an order until every node is done with it.',
  details: `Exits as converge --wait does. With --jsonl: each change of a node's state, each resource as it comes, the end (docs/streams.md).
With --detailed-exitcodes: ${detailedExitCodes}.`,
  flags: { 'detailed-exitcodes': { type: 'boolean' }, ...jsonFlag, ...jsonlFlag },
  options: z.object({
    operands: oneOrder,
    'detailed-exitcodes': z.boolean().default(false).describe('Tell changed and failed apart in the exit code.'),
    json,
    jsonl,
  }),

  async run({ operands: [id], 'detailed-exitcodes': detailed, ...shown }, context) {
    const client = await context.api()
    return finishOrder(client, await client.call(api.readOrder, { id }), { ...shown, detailed }, context)
  },
})

function print(order: Order, { output, paint, now }: Context) {
  output.line(
    facts({
      order: order.id,
      mode: order.mode,
      plan: order.plan ?? null,
      ...(order.upgrade && { to: order.upgrade.version }),
      again: order.again ?? null,
      author: order.author,
      given: `${clockTime(order.createdAt)} (${relative(order.createdAt, now())})`,
      deadline: relative(order.deadline, now()),
    }),
  )
  output.line('')
  output.table(
    order.targets.map((target) => ({
      node: target.node,
      state: paintWord(paint, target.state, stateWord(order, target)),
      since: relative(target.at, now()),
      run: target.run?.slice(0, 8) ?? '',
      result: resultOf(target),
    })),
    'It has no nodes.',
  )
}

const again = command({
  usage: 'order again ORDER [--wait] [--json]',
  summary: 'Give an order anew, to the nodes that are done with it and did not converge.',
  details: 'With --wait it follows the new order and exits as converge --wait does.',
  flags: waitFlags,
  options: z.object({ operands: oneOrder, wait: waits, json }),

  async run({ operands: [id], wait, json: asJson }, context) {
    const client = await context.api()
    const order = await giveOrder(context, (once) => client.call(api.orderAgain, { id, ...once }))
    if (wait) return finishOrder(client, order, { detailed: false, json: asJson, jsonl: false }, context)
    return tellOrder(order, asJson, context)
  },
})

const cancel = command({
  usage: 'order cancel ORDER [--json]',
  summary: 'Cancel an order for every node that is not done with it.',
  flags: jsonFlag,
  options: z.object({ operands: oneOrder, json }),

  async run({ operands: [id], json: asJson }, context) {
    const order = await (await context.api()).call(api.cancelOrder, { id })
    if (asJson) return context.output.json(order)
    context.output.note(`Order ${id}: ${tally(order, order.targets)}.`)
  },
})

export const orderCommands: Command<Context>[] = [list, show, watch, again, cancel]
