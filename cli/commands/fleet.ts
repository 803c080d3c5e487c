import { z } from 'zod'
import { api } from '../../protocol/api.ts'
import type { FleetView } from '../../protocol/history.ts'
import { Name } from '../../protocol/name.ts'
import type { Context } from '../context.ts'
import { facts } from '../describe.ts'
import { command, json, jsonFlag } from '../options.ts'
import { tallyOfStates } from '../order-text.ts'
import { paintWord } from '../paint.ts'
import { relative } from '../time.ts'

export const fleet = command({
  usage: 'fleet [--cluster C] [--days N] [--json]',
  summary: 'The fleet at a glance: how nodes stand, what failed last, orders under way, runs of the last days.',
  flags: { cluster: { type: 'string' }, days: { type: 'string' }, ...jsonFlag },
  options: z.object({
    cluster: Name.optional().describe('Only nodes of this cluster.'),
    days: z.coerce.number().int().min(1).max(92).default(7).describe('Runs of so many days, up to 92; 7 if not said.'),
    json,
  }),

  async run({ json: asJson, ...asked }, context) {
    const view = await (await context.api()).call(api.readFleet, asked)
    if (asJson) return context.output.json(view)
    context.output.line(standing(view, context))
    printDays(view, context)
    printFailures(view, context)
    printOrders(view, context)
  },
})

function standing(
  { nodes, states, offline, drifting, behind, owing, disabled, audited }: FleetView,
  { paint }: Context,
) {
  const beside = { offline, drifting, behind, owing, disabled, audited }
  const said = Object.entries(beside).filter(([, count]) => count > 0)
  return facts({
    nodes: String(nodes),
    ...Object.fromEntries(
      Object.entries(states).map(([state, count]) => [state, paintWord(paint, state, String(count))]),
    ),
    ...Object.fromEntries(said.map(([word, count]) => [word, String(count)])),
  })
}

function printDays({ days }: FleetView, { output }: Context) {
  const run = days.filter(({ runs }) => Object.keys(runs).length > 0)
  if (run.length === 0) return
  output.line('')
  output.table(
    run.map(({ day, runs, drifted }) => ({
      day: new Date(day).toISOString().slice(0, 10),
      unchanged: String(runs.unchanged ?? 0),
      changed: String(runs.changed ?? 0),
      failed: String(runs.failed ?? 0),
      interrupted: String(runs.interrupted ?? 0),
      drifted: String(drifted),
    })),
  )
}

function printFailures({ failures }: FleetView, { output, paint, now }: Context) {
  if (failures.length === 0) return
  output.line('')
  output.table(
    failures.map(({ node, still, run, finishedAt, outcome, resource, error }) => ({
      node,
      outcome: paintWord(paint, outcome),
      still: still ? 'yes' : 'no',
      when: relative(finishedAt, now()),
      run: run.slice(0, 8),
      why: [resource, error?.split('\n')[0]].filter(Boolean).join(': '),
    })),
  )
}

function printOrders({ orders }: FleetView, { output, now }: Context) {
  if (orders.length === 0) return
  output.line('')
  output.table(
    orders.map((order) => ({
      order: order.id,
      mode: order.mode,
      author: order.author,
      given: relative(order.createdAt, now()),
      nodes: tallyOfStates(order),
    })),
  )
}
