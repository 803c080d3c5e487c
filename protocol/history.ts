import { z } from 'zod'
import { ResourceEvent, RunOutcome } from './events.ts'
import { NodeState, OrderMode, OrderSummary, StoredRun, Target } from './views.ts'

/** Runs by how they ended; an outcome that none had is left out. */
const RunCounts = z.partialRecord(RunOutcome, z.int())

/** What failed in a run. */
const Failure = z.object({
  node: z.string(),
  /** The node stands as failed or interrupted by it now. */
  still: z.boolean(),
  run: z.string(),
  finishedAt: z.int(),
  outcome: RunOutcome,
  /** What failed first; null where the run failed as a whole. */
  resource: z.string().nullable(),
  error: z.string().nullable(),
})
export type Failure = z.infer<typeof Failure>

export const FleetView = z.object({
  at: z.int(),
  nodes: z.int(),
  /** How many nodes are in each state; one that none is in is left out. */
  states: z.partialRecord(NodeState, z.int()),
  offline: z.int(),
  /** Their last run found drift. */
  drifting: z.int(),
  /** They have a newer catalog than the one they converged to. */
  behind: z.int(),
  /** Actions are owed on them. */
  owing: z.int(),
  disabled: z.int(),
  audited: z.int(),
  /** Runs that converged, by days as UTC has them, oldest first. */
  days: z.array(z.object({ day: z.int(), runs: RunCounts, drifted: z.int() })),
  /** Of nodes that stand as failed or interrupted, newest first; then the last runs of others that failed. */
  failures: z.array(Failure),
  /** Those that are not over, newest first. */
  orders: z.array(OrderSummary),
})
export type FleetView = z.infer<typeof FleetView>

/** How many runs ended so within the hour that begins then. */
export const Activity = z.object({ hour: z.int(), outcome: RunOutcome, runs: z.int(), drifted: z.int() })
export type Activity = z.infer<typeof Activity>

/** What happened to a node, or was done to it. */
export const TimelineItem = z.discriminatedUnion('type', [
  z.object({ type: z.literal('run'), at: z.int(), run: StoredRun }),
  z.object({
    type: z.literal('order'),
    at: z.int(),
    order: z.object({ id: z.string(), mode: OrderMode, author: z.string() }),
    target: Target,
  }),
  z.object({
    type: z.literal('write'),
    at: z.int(),
    author: z.string(),
    action: z.string(),
    subject: z.string(),
    before: z.unknown(),
    after: z.unknown(),
  }),
])
export type TimelineItem = z.infer<typeof TimelineItem>

/** Two runs beside each other, by what they did. What neither has an event of was the same: unchanged. */
export const RunComparison = z.object({
  runs: z.tuple([StoredRun, StoredRun]),
  items: z.array(
    z.object({
      /** `file[/etc/motd]`, or `restart service[haproxy]`. */
      subject: z.string(),
      /** In each of the two; null where nothing happened. */
      events: z.tuple([ResourceEvent.nullable(), ResourceEvent.nullable()]),
      /** But for how long it took, it was the same. */
      same: z.boolean(),
    }),
  ),
})
export type RunComparison = z.infer<typeof RunComparison>

/** A value of each of two; null where it has none. */
const values = z.tuple([z.unknown(), z.unknown()])
const Differing = z.object({ name: z.string(), values })

/** Two nodes beside each other: what they are, and what they should be. */
export const NodeComparison = z.object({
  nodes: z.tuple([z.string(), z.string()]),
  /** Cluster, facts, roles and attributes that differ. */
  facts: z.array(Differing),
  roles: z.tuple([z.array(z.string()), z.array(z.string())]),
  attributes: z.array(Differing),
  /** Resources that just one has, or that differ in props; values of sensitive ones are left out. */
  resources: z.array(
    z.object({
      id: z.string(),
      /** Which of the two has it: the first, the second, both. */
      of: z.enum(['first', 'second', 'both']),
      props: z.array(Differing),
    }),
  ),
  /** How many resources are the same. */
  same: z.int(),
})
export type NodeComparison = z.infer<typeof NodeComparison>
