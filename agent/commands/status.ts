import { z } from 'zod'
import { Journal, keyOf } from '../kept/journal.ts'
import { holderOf } from '../kept/lock.ts'
import { Parts } from '../parts.ts'
import type { CatalogHead } from '../kept/kept-catalog.ts'
import { onlyAudited, whyDisabled } from '../runs/stance.ts'
import { define, none, openState, stateFlag, stateOption } from './common.ts'

const applied = 'This machine has joined no server; it is as trivet-agent apply was last told to make it.'
const untouched =
  'This machine has joined no server, and nothing was applied. Next: trivet-agent join TOKEN@URL, or trivet-agent apply.'

export const status = define({
  usage: 'status [--json] [--state DIR]',
  summary:
    'What this agent knows: server, connection, catalog, what holds it back, what is owed, what waits to be reported.',
  details: 'On a machine that has joined no server it says so, and what trivet-agent apply left.',
  flags: { json: { type: 'boolean' }, ...stateFlag },
  options: z.object({
    operands: none,
    json: z.boolean().default(false).describe('Print one JSON document.'),
    state: stateOption,
  }),
  async run({ json, state: dir }, context) {
    const state = openState(dir)
    const identity = state.readIdentity()
    const { catalog: kept, spool } = new Parts(state, context.types, context.version)
    const catalog = kept.read()
    const pid = holderOf(state.path('daemon.lock'))
    const connection = state.readStatus()
    const known = {
      node: identity?.node ?? catalog?.head.node ?? null,
      server: identity?.url ?? null,
      daemon: pid ?? null,
      connected: pid !== undefined && (connection?.connected ?? false),
      detail: connection?.detail ?? null,
      heldBack: catalog ? whatHoldsBack(catalog.head) : null,
      catalog: catalog?.digest ?? null,
      resources: catalog?.prepared.length ?? null,
      owed: new Journal(state.path('journal')).owed.map(keyOf),
      unreported: spool.names().length,
    }
    if (json) return context.output.json(known)
    if (!identity) context.output.note(catalog ? applied : untouched)
    for (const [name, value] of Object.entries(known)) {
      context.output.line(`${name}: ${[value ?? []].flat().join(', ') || '-'}`)
    }
  },
})

function whatHoldsBack(head: CatalogHead) {
  return whyDisabled(head, Date.now()) ?? (head.audit ? onlyAudited : null)
}
