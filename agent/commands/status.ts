import { z } from 'zod'
import { Journal, keyOf } from '../kept/journal.ts'
import { holderOf } from '../kept/lock.ts'
import { define, none, openAgent, stateFlag, stateOption } from './common.ts'

export const status = define({
  usage: 'status [--json] [--state DIR]',
  summary: 'What this agent knows: server, connection, catalog, what is owed, what waits to be reported.',
  flags: { json: { type: 'boolean' }, ...stateFlag },
  options: z.object({
    operands: none,
    json: z.boolean().default(false).describe('Print one JSON document.'),
    state: stateOption,
  }),
  async run({ json, state: dir }, context) {
    const { agent, state } = openAgent(dir, context, () => {})
    const pid = holderOf(state.path('daemon.lock'))
    const connection = state.readStatus()
    const known = {
      node: agent.identity.node,
      server: agent.identity.url,
      daemon: pid ?? null,
      connected: pid !== undefined && (connection?.connected ?? false),
      detail: connection?.detail ?? null,
      catalog: agent.catalog.read()?.digest ?? null,
      owed: new Journal(state.path('journal')).owed.map(keyOf),
      unreported: agent.delivery.waiting,
    }
    if (json) return context.output.json(known)
    for (const [name, value] of Object.entries(known)) {
      context.output.line(`${name}: ${[value].flat().join(', ') || '-'}`)
    }
  },
})
