import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import { Name } from '../../protocol/name.ts'
import type { LeaseView } from '../../protocol/views.ts'
import type { Command } from '../command.ts'
import type { Context } from '../context.ts'
import { command, json, jsonFlag } from '../options.ts'
import { paintWord } from '../paint.ts'
import { relative } from '../time.ts'

const list = command({
  usage: 'lease list [--cluster C] [--group G] [--json]',
  summary: 'List the leases: who may act now, who waits, and why.',
  flags: { cluster: { type: 'string' }, group: { type: 'string' }, ...jsonFlag },
  options: z.object({
    cluster: Name.optional().describe('Only leases in this cluster.'),
    group: Name.optional().describe('Only leases of this group.'),
    json,
  }),

  async run({ cluster, group, json: asJson }, context) {
    const leases = await (await context.api()).list(api.listLeases, { cluster, group })
    if (asJson) return context.output.json(leases)
    context.output.table(
      leases.map((lease) => rowOf(lease, context)),
      'No lease is held, and none is waited for.',
    )
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
