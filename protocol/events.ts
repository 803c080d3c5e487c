import { z } from 'zod'
import { ResourceId, Sha256 } from './catalog.ts'

/** One difference between the machine and the catalog. `from: null` means that it is not there. */
export const Change = z.strictObject({
  what: z.string(),
  from: z.string().nullable(),
  to: z.string(),
  /** Unified diff, for text. */
  diff: z.string().optional(),
  /** Under which hash the node keeps what was replaced. */
  kept: Sha256.optional(),
})
export type Change = z.infer<typeof Change>

/** `intended`: the catalog says otherwise than before. `drift`: it does not, so somebody else changed the machine. */
export const Cause = z.enum(['intended', 'drift'])
export type Cause = z.infer<typeof Cause>

/** What an event is about: a resource, or with `action` what was owed to it, or done to clean up after it. */
const about = { id: ResourceId, recipe: z.string(), action: z.string().optional(), durationMs: z.int().nonnegative() }

/** What became of one resource in one run. `unknown` and `would-change` are a plan's words. */
export const ResourceEvent = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('unchanged'), ...about }),
  z.strictObject({ outcome: z.literal('changed'), ...about, changes: z.array(Change), cause: Cause.optional() }),
  z.strictObject({
    outcome: z.literal('would-change'),
    ...about,
    changes: z.array(Change),
    cause: Cause.optional(),
    /** Why it only would: a doubt about what comes before it, a lease that it needs, or that this resource is only audited. */
    proviso: z.string().optional(),
  }),
  z.strictObject({
    outcome: z.literal('unknown'),
    ...about,
    /** What differs as far as can be told, and would be made if it comes to that. */
    changes: z.array(Change).optional(),
    reason: z.string(),
  }),
  z.strictObject({
    outcome: z.literal('failed'),
    ...about,
    changes: z.array(Change),
    cause: Cause.optional(),
    error: z.string(),
    /** The recipe said to go on all the same. */
    ignored: z.literal(true).optional(),
  }),
  z.strictObject({ outcome: z.literal('skipped'), ...about, reason: z.string() }),
  z.strictObject({
    outcome: z.literal('deferred'),
    ...about,
    /** What differs and was left alone for now. */
    changes: z.array(Change).optional(),
    cause: Cause.optional(),
    reason: z.string(),
  }),
])
export type ResourceEvent = z.infer<typeof ResourceEvent>
export type Outcome = ResourceEvent['outcome']

export function changesOf(event: ResourceEvent): Change[] {
  return ('changes' in event && event.changes) || []
}

export const RunMode = z.enum(['converge', 'plan'])
export type RunMode = z.infer<typeof RunMode>

/** Why a run began. `boot`: it goes on after the reboot that an earlier run asked for; `lease`, `gate`: what an earlier run had to defer can be done. */
export const Trigger = z.enum(['start', 'schedule', 'catalog', 'order', 'manual', 'drift', 'boot', 'lease', 'gate'])
export type Trigger = z.infer<typeof Trigger>

/** `interrupted`: the agent died in the middle; what it had done until then is in the events. */
export const RunOutcome = z.enum(['unchanged', 'changed', 'would-change', 'failed', 'interrupted'])
export type RunOutcome = z.infer<typeof RunOutcome>

export const Counts = z.strictObject({
  unchanged: z.int(),
  changed: z.int(),
  wouldChange: z.int(),
  unknown: z.int(),
  failed: z.int(),
  skipped: z.int(),
  deferred: z.int(),
})
export type Counts = z.infer<typeof Counts>

/** Milliseconds since 1970, of those that a date can hold. */
export const Time = z.int().min(0).max(8.64e15)

/** One walk of an agent over a catalog. Times are milliseconds since 1970 by the clock of whoever holds the record. */
export const Run = z.strictObject({
  /** UUID, made by the agent; a report is stored once by it. */
  id: z.uuid(),
  mode: RunMode,
  trigger: Trigger,
  /** The orders that this run answers. */
  orders: z.array(z.string()),
  /** Digest of the catalog; null where there was none. */
  catalog: Sha256.nullable(),
  startedAt: Time,
  finishedAt: Time,
  outcome: RunOutcome,
  counts: Counts,
  /** Actions still owed when the run ended: `restart service[haproxy]`. */
  owed: z.array(z.string()),
  /** What this node waited for: each gate that was closed, and why. */
  waits: z.record(ResourceId, z.string()).optional(),
  /** What the agent made, or changed, and no catalog names any more; it is kept unless the recipe says otherwise. */
  orphans: z.array(ResourceId).optional(),
  /** What a plan is known by: converging by it is refused where the node's plan is another by then. */
  plan: Sha256.optional(),
  /** The reboot that ended this run, and why; the run goes on after it. */
  reboot: z.string().optional(),
  /** Why the run as a whole failed, where no single resource did. */
  error: z.string().optional(),
})
export type Run = z.infer<typeof Run>

/** What the agent spools until the server has stored it. Unchanged resources are only counted. */
export const Report = z.strictObject({ run: Run, events: z.array(ResourceEvent) })
export type Report = z.infer<typeof Report>
