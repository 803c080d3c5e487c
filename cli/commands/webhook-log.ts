import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { Delivery } from '../../protocol/hooks.ts'
import { Name } from '../../protocol/name.ts'
import { facts } from '../describe.ts'
import { listFlags, listOptions, listUsage, printList } from '../list.ts'
import { command, json, jsonFlag, limit } from '../options.ts'
import { clockTime, relative, took } from '../time.ts'

const State = Delivery.shape.state

export const webhookLog = command({
  usage: `webhook log [--webhook WEBHOOK] [--state STATE] [--limit N] ${listUsage}`,
  summary: 'List what webhooks were told, newest first, and what came of it.',
  flags: {
    webhook: { type: 'string' },
    state: { type: 'string' },
    limit: { type: 'string' },
    ...listFlags,
  },
  options: z.object({
    webhook: Name.optional().describe('Only what this webhook was told.'),
    state: State.optional().describe(`Only deliveries that are: ${State.options.join(', ')}.`),
    limit: limit(20, 100_000),
    ...listOptions(api.listDeliveries),
  }),

  async run({ limit: most, json: asJson, jsonl: asLines, ...asked }, context) {
    const deliveries = await (await context.api()).list(api.listDeliveries, asked, most)
    const row = (delivery: Delivery) => ({
      delivery: delivery.id,
      webhook: delivery.webhook,
      kind: delivery.kind,
      node: delivery.node ?? '',
      state: delivery.state,
      attempts: String(delivery.attempts.length),
      made: relative(delivery.createdAt, context.now()),
      next: delivery.nextAt === null ? '' : relative(delivery.nextAt, context.now()),
      error: delivery.attempts.at(-1)?.error ?? '',
    })
    const empty = 'No webhook was told anything.'
    printList(deliveries, { json: asJson, jsonl: asLines, row, empty }, context)
  },
})

export const webhookShow = command({
  usage: 'webhook show DELIVERY [--json]',
  summary: 'Show one delivery: what was told, and each attempt.',
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([z.string()]), json }),

  async run({ operands: [id], json: asJson }, context) {
    const delivery = await (await context.api()).call(api.readDelivery, { id })
    if (asJson) return context.output.json(delivery)
    const { webhook, kind, node, state, createdAt, nextAt, attempts, body } = delivery
    context.output.line(
      facts({
        delivery: id,
        webhook,
        kind,
        node,
        state,
        made: clockTime(createdAt),
        next: nextAt === null ? null : relative(nextAt, context.now()),
        attempts: attempts.map(({ at, ms, status, error }) => `${clockTime(at)} ${error ?? status}, ${took(ms)}`),
        body,
      }),
    )
  },
})
