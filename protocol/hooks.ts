import { z } from 'zod'

/** What webhooks are told of nodes. `recovered`: what was told before is over. */
export const HookKind = z.enum(['failed', 'drift', 'recovered', 'pending', 'offline'])
export type HookKind = z.infer<typeof HookKind>

export const Webhook = z.object({
  name: z.string(),
  url: z.string(),
  kinds: z.array(HookKind),
  /** Null: of all. */
  clusters: z.array(z.string()).nullable(),
  enabled: z.boolean(),
  author: z.string(),
  at: z.int(),
})
export type Webhook = z.infer<typeof Webhook>

const Attempt = z.object({
  at: z.int(),
  ms: z.int(),
  /** Of the answer; null where there was none. */
  status: z.int().nullable(),
  error: z.string().nullable(),
})
export type Attempt = z.infer<typeof Attempt>

/** One thing told to one webhook. `dead`: it was given up, and is tried again only when somebody asks for it. */
export const Delivery = z.object({
  id: z.string(),
  webhook: z.string(),
  kind: z.union([HookKind, z.literal('test')]),
  node: z.string().nullable(),
  state: z.enum(['waiting', 'delivered', 'dead']),
  createdAt: z.int(),
  /** When it is tried again, while it waits. */
  nextAt: z.int().nullable(),
  attempts: z.array(Attempt),
})
export type Delivery = z.infer<typeof Delivery>

/** The body of each request. Times are milliseconds since 1970. */
export const HookBody = z.object({
  id: z.string(),
  kind: Delivery.shape.kind,
  at: z.int(),
  node: z.object({ name: z.string(), cluster: z.string() }).nullable(),
  /** What is wrong, or what is over: `failed`, `pending`, `offline`. */
  reason: z.string(),
  run: z.string().optional(),
  /** Those that failed, or drifted. */
  resources: z.array(z.string()).optional(),
})
export type HookBody = z.infer<typeof HookBody>
