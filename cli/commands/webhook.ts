import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { HookKind, type Webhook } from '../../protocol/hooks.ts'
import { Name } from '../../protocol/name.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { listFlags, listOptions, listUsage, printList } from '../list.ts'
import { command, json, jsonFlag } from '../options.ts'
import { relative } from '../time.ts'
import { webhookLog, webhookShow } from './webhook-log.ts'

const oneWebhook = z.tuple([Name])

const create = command({
  usage: 'webhook create WEBHOOK URL [--on KIND]... [--cluster C]... [--json]',
  summary: 'Let an address be told when nodes fail, drift, recover, wait or go.',
  details: `Example: trivet webhook create pager https://pager.example/trivet --on failed --on offline --on recovered
Its secret is shown this once; with it the receiver checks the signature of what it is told (docs/operating.md).`,
  flags: { on: { type: 'string', multiple: true }, cluster: { type: 'string', multiple: true }, ...jsonFlag },
  options: z.object({
    operands: z.tuple([Name, z.string()]),
    on: z
      .array(HookKind)
      .optional()
      .describe(`What to tell of: ${HookKind.options.join(', ')}; may be said again; all if not said.`),
    cluster: z.array(Name).optional().describe('Only of nodes in this cluster; may be said again.'),
    json,
  }),

  async run({ operands: [name, url], on: kinds, cluster: clusters, json: asJson }, context) {
    const created = await (await context.api()).call(api.createWebhook, { name, url, kinds, clusters })
    if (asJson) return context.output.json(created)
    context.output.line(created.secret)
    context.output.note(`That is its secret, shown this once. Try it: trivet webhook test ${name}`)
  },
})

const list = command({
  usage: `webhook list ${listUsage}`,
  summary: 'List the webhooks.',
  flags: listFlags,
  options: z.object(listOptions(api.listWebhooks)),

  async run({ sort, ...shown }, context) {
    const webhooks = await (await context.api()).list(api.listWebhooks, { sort })
    const row = (webhook: Webhook) => ({
      webhook: webhook.name,
      state: webhook.enabled ? 'on' : 'off',
      on: webhook.kinds.join(', '),
      clusters: webhook.clusters?.join(', ') ?? 'all',
      url: webhook.url,
      author: webhook.author,
      made: relative(webhook.at, context.now()),
    })
    const empty = 'There are no webhooks. Make one with: trivet webhook create WEBHOOK URL'
    printList(webhooks, { ...shown, row, empty }, context)
  },
})

const turn = (verb: 'on' | 'off', summary: string) =>
  command({
    usage: `webhook ${verb} WEBHOOK [--json]`,
    summary,
    flags: jsonFlag,
    options: z.object({ operands: oneWebhook, json }),

    async run({ operands: [webhook], json: asJson }, context) {
      const enabled = verb === 'on'
      const turned = await (await context.api()).call(api.switchWebhook, { webhook, enabled })
      if (asJson) return context.output.json(turned)
      context.output.note(`${webhook} is ${verb}.`)
    },
  })

const remove = command({
  usage: 'webhook delete WEBHOOK [--json]',
  summary: 'Remove a webhook, with what still waits for it.',
  flags: jsonFlag,
  options: z.object({ operands: oneWebhook, json }),

  async run({ operands: [webhook], json: asJson }, context) {
    const deleted = await (await context.api()).call(api.deleteWebhook, { webhook })
    if (asJson) return context.output.json(deleted)
    context.output.note(`${webhook} is told nothing any more.`)
  },
})

const test = command({
  usage: 'webhook test WEBHOOK [--json]',
  summary: 'Send a webhook a test; trivet webhook log tells what came of it.',
  flags: jsonFlag,
  options: z.object({ operands: oneWebhook, json }),

  async run({ operands: [webhook], json: asJson }, context) {
    const delivery = await (await context.api()).call(api.testWebhook, { webhook })
    if (asJson) return context.output.json(delivery)
    context.output.line(delivery.id)
    context.output.note(`What came of it: trivet webhook show ${delivery.id}`)
  },
})

const retry = command({
  usage: 'webhook retry WEBHOOK [--json]',
  summary: 'Try the dead deliveries of a webhook again, now.',
  flags: jsonFlag,
  options: z.object({ operands: oneWebhook, json }),

  async run({ operands: [webhook], json: asJson }, context) {
    const retried = await (await context.api()).call(api.retryDeliveries, { webhook })
    if (asJson) return context.output.json(retried)
    context.output.note(`${retried.deliveries} deliveries of ${webhook} are tried again.`)
  },
})

export const webhookCommands: Command<Context>[] = [
  create,
  list,
  turn('off', 'Tell a webhook nothing for now; what happens meanwhile is not kept for it.'),
  turn('on', 'Tell a webhook again.'),
  test,
  webhookLog,
  webhookShow,
  retry,
  remove,
]
