import { z } from 'zod'
import { RunMode } from '../events.ts'
import { Activity, FleetView, NodeComparison, RunComparison, TimelineItem } from '../history.ts'
import { Name } from '../name.ts'
import { endpoint, moment, node } from './endpoint.ts'
import { pageInput, pageOf } from './page.ts'

export const fleetApi = {
  readFleet: endpoint({
    method: 'GET',
    path: '/api/fleet',
    access: 'viewer',
    scoped: true,
    summary:
      'The fleet at a glance: how many nodes stand how, what failed last, orders under way, runs of the last days.',
    input: z.strictObject({ cluster: Name.optional(), days: z.coerce.number().int().min(1).max(92).default(14) }),
    output: FleetView,
  }),
  readActivity: endpoint({
    method: 'GET',
    path: '/api/runs/activity',
    access: 'viewer',
    scoped: true,
    summary: 'How many runs ended in each hour, by outcome. Hours without any are left out.',
    input: z.strictObject({
      node: Name.optional(),
      cluster: Name.optional(),
      mode: RunMode.optional(),
      /** The last week, if not said. */
      from: moment.optional(),
      to: moment.optional(),
    }),
    output: z.array(Activity),
  }),
  compareRuns: endpoint({
    method: 'GET',
    path: '/api/runs/:id/compare',
    access: 'viewer',
    scoped: true,
    summary: 'Two runs beside each other. Ids may be cut short to what is still unique.',
    input: z.strictObject({ id: z.string().min(4), with: z.string().min(4) }),
    output: RunComparison,
  }),
  compareNodes: endpoint({
    method: 'GET',
    path: '/api/nodes/:node/compare',
    access: 'viewer',
    scoped: true,
    summary: 'Two nodes beside each other: facts, roles, attributes and what their catalogs say.',
    input: node.extend({ with: Name }),
    output: NodeComparison,
  }),
  readTimeline: endpoint({
    method: 'GET',
    path: '/api/nodes/:node/timeline',
    access: 'viewer',
    scoped: true,
    summary: 'What happened to a node and who did what to it: runs, orders and writes.',
    input: node.extend(pageInput(['-at', 'at'], 50)),
    output: pageOf(TimelineItem),
  }),
}
