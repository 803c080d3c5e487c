import { z } from 'zod'
import { Sha256 } from '../catalog.ts'
import { Name } from '../name.ts'
import { Order, OrderMode, OrderSummary, OrderUpdate, TargetState } from '../views.ts'
import { AgentVersion, Patience, usualPatienceMs } from '../upgrade.ts'
import { endpoint, flag } from './endpoint.ts'
import { pageInput, pageOf } from './page.ts'

/** Whoever asks twice under one key, since the answer was lost, gets the same order twice. */
const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, 'up to 200 characters without spaces')
  .optional()
  .describe('Under the same one, the same is ordered only once.')
const headers = { 'idempotency-key': 'idempotencyKey' }

/** Sources that do not load are told to whoever may think that they were converged to. */
const given = Order.extend({ sourceErrors: z.array(z.string()).default([]) })

export const ordersApi = {
  createOrder: endpoint({
    method: 'POST',
    path: '/api/orders',
    access: 'operator',
    scoped: true,
    summary: 'Ask nodes to converge, or to plan, now; or their agents to become another version.',
    input: z.strictObject({
      mode: OrderMode.default('converge'),
      /** Exactly one of the three. */
      nodes: z.array(Name).min(1).optional(),
      role: Name.optional(),
      all: z.literal(true).optional(),
      /** The hash of a plan, with one node: it converges only if that is what it would do. */
      plan: Sha256.optional(),
      /** With mode upgrade: to which version, which the server must hand out. */
      upgrade: z
        .strictObject({
          version: AgentVersion,
          downgrade: z.boolean().default(false).describe('Also where that is older than what runs.'),
          patienceMs: Patience.default(usualPatienceMs).describe(
            'How long the new agent has to prove itself before the old one comes back.',
          ),
        })
        .optional(),
      deadlineMs: z
        .int()
        .min(1000)
        .max(24 * 3600 * 1000)
        .default(15 * 60 * 1000),
      idempotencyKey,
    }),
    headers,
    output: given,
  }),
  orderAgain: endpoint({
    method: 'POST',
    path: '/api/orders/:id/again',
    access: 'operator',
    scoped: true,
    summary: 'The same order anew, for the nodes that are done with it and did not succeed.',
    input: z.strictObject({ id: z.string(), idempotencyKey }),
    headers,
    output: given,
  }),
  listOrders: endpoint({
    method: 'GET',
    path: '/api/orders',
    access: 'viewer',
    scoped: true,
    summary: 'Orders, newest first.',
    input: z.strictObject({
      node: Name.optional().describe('Only orders for this node.'),
      mode: OrderMode.optional(),
      author: z.string().max(200).optional(),
      state: TargetState.optional().describe('Only orders with a target in this state.'),
      open: flag.optional().describe('Only orders with a target that is not final yet.'),
      ...pageInput(['-createdAt', 'createdAt'], 20),
    }),
    output: pageOf(OrderSummary),
  }),
  readOrder: endpoint({
    method: 'GET',
    path: '/api/orders/:id',
    access: 'viewer',
    scoped: true,
    summary: 'One order with the state of each target.',
    input: z.strictObject({ id: z.string() }),
    output: Order,
  }),
  watchOrder: endpoint({
    method: 'GET',
    path: '/api/orders/:id/watch',
    access: 'viewer',
    scoped: true,
    summary:
      'What the runs of an order have done so far, the order as it is, then as it happens, until every target is final.',
    input: z.strictObject({ id: z.string() }),
    output: OrderUpdate,
    stream: 'events',
  }),
  cancelOrder: endpoint({
    method: 'POST',
    path: '/api/orders/:id/cancel',
    access: 'operator',
    scoped: true,
    summary: 'Cancel the order for every target that is not final.',
    input: z.strictObject({ id: z.string() }),
    output: Order,
  }),
}
