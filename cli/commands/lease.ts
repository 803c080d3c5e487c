import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { Name } from '../../protocol/name.ts'
import { LeaseView } from '../../protocol/views.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { listFlags, listOptions, listUsage, printList } from '../list.ts'
import { command, json, jsonFlag } from '../options.ts'
import { paintWord } from '../paint.ts'
import { relative } from '../time.ts'

const State = LeaseView.shape.state

const list = command({
  usage: `lease list [--cluster C] [--group G] [--state STATE] ${listUsage}`,
  summary: 'List the leases: who may act now, who waits, and why.',
  flags: { cluster: { type: 'string' }, group: { type: 'string' }, state: { type: 'string' }, ...listFlags },
  options: z.object({
    cluster: Name.optional().describe('Only leases in this cluster.'),
    group: Name.optional().describe('Only leases of this group.'),
    state: State.optional().describe(`Only leases that are: ${State.options.join(', ')}.`),
    ...listOptions(api.listLeases),
  }),

  async run({ json: asJson, jsonl: asLines, ...asked }, context) {
    const leases = await (await context.api()).list(api.listLeases, asked)
    const empty = 'No lease is held, and none is waited for.'
    printList(leases, { json: asJson, jsonl: asLines, row: (lease) => rowOf(lease, context), empty }, context)
  },
})

function rowOf({ cluster, group, node, state, action, since, expiresAt, reason }: LeaseView, { paint, now }: Context) {
  return {
    cluster,
    group,
    node,
    state: paintWord(paint, state),
    action,
    since: relative(since, now()),
    ends: expiresAt === null ? '' : relative(expiresAt, now()),
    why: reason ?? '',
  }
}

const release = command({
  usage: 'lease release GROUP NODE [--json]',
  summary: 'Take a lease from a node; whoever waits may then act.',
  details: `For a node that holds one and will not give it back. While the node is connected and acts, it is better to wait: a lease
ends by itself some minutes after its node went. A node that is not well keeps the others waiting, with a lease or without.`,
  flags: jsonFlag,
  options: z.object({ operands: z.tuple([Name, Name]), json }),

  async run({ operands: [group, node], json: asJson }, context) {
    const released = await (await context.api()).call(api.releaseLease, { group, node })
    if (asJson) return context.output.json(released)
    context.output.note(`${node} holds no lease of ${group} any more.`)
  },
})

export const leaseCommands: Command<Context>[] = [list, release]
