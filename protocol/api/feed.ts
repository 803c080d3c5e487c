import { z } from 'zod'
import { ResourceEvent } from '../events.ts'
import { NodeSummary, OrderSummary, StoredRun, Target } from '../views.ts'
import { endpoint } from './endpoint.ts'

/** A stream that goes on after it sends this back: as `after`, or as the header `Last-Event-ID`. */
const id = z.string()

/** What happens in the fleet, one JSON a server-sent event. */
export const FeedEvent = z.discriminatedUnion('type', [
  /**
   * Read anew what you show: what came before this one is not told. It comes first, unless the stream goes on; after it comes
   * what each run that is under way has done so far.
   */
  z.object({
    id,
    type: z.literal('reset'),
    /** The ids of the runs that are under way. */
    runs: z.array(z.string()).default([]),
  }),
  /** A node stands otherwise than before. */
  z.object({ id, type: z.literal('node'), node: NodeSummary }),
  z.object({ id, type: z.literal('run'), run: StoredRun }),
  z.object({ id, type: z.literal('order'), order: OrderSummary }),
  z.object({ id, type: z.literal('target'), order: z.string(), target: Target }),
  /** What a run that is under way has done since it told last. */
  z.object({
    id,
    type: z.literal('progress'),
    node: z.string(),
    run: z.string(),
    orders: z.array(z.string()),
    done: z.int(),
    total: z.int(),
    events: z.array(ResourceEvent),
  }),
])
export type FeedEvent = z.infer<typeof FeedEvent>

export const feedApi = {
  watchFleet: endpoint({
    method: 'GET',
    path: '/api/events',
    access: 'viewer',
    scoped: true,
    summary: 'What happens in the fleet, as it happens: nodes, runs, orders and what runs do just now.',
    input: z.strictObject({
      after: z.string().max(100).optional().describe('The id of the last event that was seen.'),
    }),
    headers: { 'last-event-id': 'after' },
    output: FeedEvent,
    stream: 'events',
  }),
}
