import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { Name } from '../../protocol/name.ts'
import type { NodeSummary } from '../../protocol/views.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { command, json, jsonFlag } from '../options.ts'
import { stanceTexts } from '../stance-text.ts'
import { Until } from '../time.ts'

const someNodes = z.tuple([Name], Name)
const reason = z
  .string('say why, for whoever wonders later')
  .describe('Why, for whoever wonders later; node list shows it.')

const disable = command({
  usage: 'node disable NODE... --reason REASON [--until TIME] [--json]',
  summary: 'Let nodes change nothing: runs that would are off, and orders to converge are refused.',
  details: `Plans still work. Example: trivet node disable web-1 --reason 'a broken disk' --until 3d
At that time the node enables itself, with or without the server; without one it stays disabled until node enable.`,
  flags: { reason: { type: 'string' }, until: { type: 'string' }, ...jsonFlag },
  options: z.object({
    operands: someNodes,
    reason,
    until: Until.optional().describe('When it ends by itself: 2h, 3d, 2026-12-01 or 2026-12-01T18:00.'),
    json,
  }),

  async run({ operands: nodes, reason: why, until, json: asJson }, context) {
    const client = await context.api()
    const asked = { nodes, reason: why, until: until?.(context.now()) }
    print(await client.call(api.disableNodes, asked), 'disabled', asJson, context)
  },
})

const enable = command({
  usage: 'node enable NODE... [--json]',
  summary: 'Let disabled nodes converge again, now and on their schedule.',
  flags: jsonFlag,
  options: z.object({ operands: someNodes, json }),

  async run({ operands: nodes, json: asJson }, context) {
    print(await (await context.api()).call(api.enableNodes, { nodes }), 'disabled', asJson, context)
  },
})

const audit = command({
  usage: 'node audit NODE... --reason REASON [--json]',
  summary: 'Let nodes report what differs, and change nothing, until node enforce.',
  flags: { reason: { type: 'string' }, ...jsonFlag },
  options: z.object({ operands: someNodes, reason, json }),

  async run({ operands: nodes, reason: why, json: asJson }, context) {
    print(await (await context.api()).call(api.auditNodes, { nodes, reason: why }), 'audit', asJson, context)
  },
})

const enforce = command({
  usage: 'node enforce NODE... [--json]',
  summary: 'Let audited nodes converge again; recipes that a role audits stay audited.',
  flags: jsonFlag,
  options: z.object({ operands: someNodes, json }),

  async run({ operands: nodes, json: asJson }, context) {
    print(await (await context.api()).call(api.enforceNodes, { nodes }), 'audit', asJson, context)
  },
})

const words = {
  disabled: { taken: 'disabled', ended: 'enabled' },
  audit: { taken: 'audited', ended: 'enforced' },
} as const

function print(nodes: NodeSummary[], kind: keyof typeof words, asJson: boolean, { output, now }: Context) {
  if (asJson) return output.json(nodes)
  for (const node of nodes) {
    const text = stanceTexts(node, now())[kind]
    output.note(`${node.name} is ${text === null ? words[kind].ended : `${words[kind].taken} ${text}`}`)
  }
}

export const nodeStances: Command<Context>[] = [disable, enable, audit, enforce]
