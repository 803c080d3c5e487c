import { z } from 'zod'
import { Cleanup, Policy, ResourceId, Sha256 } from './catalog.ts'
import { Counts, ResourceEvent, Run, RunMode, RunOutcome } from './events.ts'
import { Facts } from './facts.ts'
import { Name } from './name.ts'
import { Upgrade } from './upgrade.ts'

/** What a user or an API token may do; each includes those before it. */
export const Access = z.enum(['viewer', 'operator', 'admin'])
export type Access = z.infer<typeof Access>

/** Of which clusters: nothing of others can be seen or written. */
export const Clusters = z.union([z.literal('all'), z.array(Name)])
export type Clusters = z.infer<typeof Clusters>

/** How a node stands: its last run, or why there is none. `offline` is told apart by `connected`. */
export const NodeState = z.enum([
  'unassigned',
  'pending',
  'error',
  'new',
  'unchanged',
  'changed',
  'would-change',
  'failed',
  'interrupted',
  'archived',
  'revoked',
])
export type NodeState = z.infer<typeof NodeState>

/** How a node is treated beside what its roles say: by whose word, since when and why. */
export const Stance = z.object({
  reason: z.string(),
  by: z.string(),
  at: z.int(),
  /** When it ends by itself. */
  until: z.int().optional(),
})
export type Stance = z.infer<typeof Stance>

/** What is not there is not so. */
export const Stances = z.object({
  /** The node is only looked at. */
  audit: Stance.optional(),
  /** Runs that would change something are off. */
  disabled: Stance.optional(),
})
export type Stances = z.infer<typeof Stances>

export const NodeSummary = z.object({
  name: z.string(),
  cluster: z.string(),
  roles: z.array(z.string()),
  address: z.string().nullable(),
  /** Of its agent, as it said last. */
  agentVersion: z.string().optional(),
  connected: z.boolean(),
  /** Since when, by the server's clock; left out while it is not. */
  connectedAt: z.int().optional(),
  state: NodeState,
  /** Why it is pending or in error. */
  reason: z.string().nullable(),
  lastRun: z
    .object({
      id: z.string(),
      outcome: RunOutcome,
      finishedAt: z.int(),
      /** How much of it was drift. */ drift: z.int().optional(),
    })
    .nullable(),
  /** Actions that are still to be done. */
  owed: z.array(z.string()),
  /** The number of the last write to what is set for it. */
  revision: z.int(),
  /** Its newest catalog is one that it has not converged to yet. */
  behind: z.boolean(),
  /** It joined by a token that asks for approval, and nobody has approved it yet. */
  awaitsApproval: z.boolean().optional(),
  ...Stances.shape,
})
export type NodeSummary = z.infer<typeof NodeSummary>

/** One of a list of nodes: with what was asked for beside the summary. */
export const ListedNode = NodeSummary.extend({
  facts: Facts.nullable().optional(),
  /** What is set for the node itself. */
  attributes: z.record(z.string(), z.unknown()).optional(),
})
export type ListedNode = z.infer<typeof ListedNode>

/** A lease that is held, or that a node waits for. */
export const LeaseView = z.object({
  cluster: z.string(),
  group: z.string(),
  node: z.string(),
  state: z.enum(['held', 'waiting']),
  /** What it is for: `restart service[zookeeper]`. */
  action: z.string(),
  since: z.int(),
  /** Its number, higher than of any lease before; null while it is waited for. */
  fence: z.int().nullable(),
  expiresAt: z.int().nullable(),
  /** Why the node waits, or why the one that holds it is not well. */
  reason: z.string().nullable(),
})
export type LeaseView = z.infer<typeof LeaseView>

export const ClusterView = z.object({
  name: z.string(),
  nodeCount: z.int(),
  attributes: z.record(z.string(), z.unknown()),
  /** The number of the last write to its attributes; 0: nothing was ever set. */
  revision: z.int(),
})
export type ClusterView = z.infer<typeof ClusterView>

/** Both sides of a write that came too late. */
export const StaleDetails = z.object({
  yours: z.object({
    revision: z.int(),
    assign: z.array(z.string()).optional(),
    unassign: z.array(z.string()).optional(),
    set: z.record(z.string(), z.unknown()).optional(),
    unset: z.array(z.string()).optional(),
  }),
  theirs: z.object({
    revision: z.int(),
    /** Of a node. */
    roles: z.array(z.string()).optional(),
    attributes: z.record(z.string(), z.object({ value: z.unknown(), author: z.string(), at: z.int() })),
  }),
})
export type StaleDetails = z.infer<typeof StaleDetails>

export const AttributeLayer = z.object({
  /** `recipe zookeeper`, `role zookeeper`, `cluster default`, `node web-1`; the last one that has a value wins. */
  layer: z.string(),
  value: z.unknown(),
  author: z.string().nullable(),
  at: z.int().nullable(),
})
export type AttributeLayer = z.infer<typeof AttributeLayer>

export const NodeDetail = NodeSummary.extend({
  id: z.string(),
  createdAt: z.int(),
  lastSeenAt: z.int().nullable(),
  facts: Facts.nullable(),
  attributes: z.record(z.string(), z.unknown()),
  ordinals: z.record(z.string(), z.int()),
  catalog: z.object({ digest: Sha256, resources: z.int() }).nullable(),
  /** How the probes of its catalog are, as it says all the time while it is connected: null for well, else what is wrong. */
  probes: z.record(ResourceId, z.string().nullable()).default({}),
  /** Those that it holds, and those that it waits for. */
  leases: z.array(LeaseView).default([]),
})
export type NodeDetail = z.infer<typeof NodeDetail>

/** A run as stored: times by the server's clock. */
export const StoredRun = Run.extend({
  node: z.string(),
  receivedAt: z.int(),
  /** How many of its events are drift; left out where none is. */
  drift: z.int().optional(),
})
export type StoredRun = z.infer<typeof StoredRun>

/** Final states of an order's target are all but the first three. */
export const TargetState = z.enum([
  'waiting',
  'delivered',
  'started',
  'converged',
  'failed',
  'refused',
  'unreachable',
  'timed-out',
  'cancelled',
])
export type TargetState = z.infer<typeof TargetState>
export const openStates: TargetState[] = ['waiting', 'delivered', 'started']

export function isFinal(state: TargetState) {
  return !openStates.includes(state)
}

export const Target = z.object({
  node: z.string(),
  state: TargetState,
  reason: z.string().nullable(),
  run: z.string().nullable(),
  outcome: RunOutcome.nullable(),
  counts: Counts.nullable(),
  /** What the plan that its run made is known by. */
  plan: Sha256.optional(),
  at: z.int(),
})
export type Target = z.infer<typeof Target>

/** What nodes are asked for: a run of one of these modes, or that their agents become another version. */
export const OrderMode = z.enum([...RunMode.options, 'upgrade'])
export type OrderMode = z.infer<typeof OrderMode>

export const Order = z.object({
  id: z.string(),
  mode: OrderMode,
  /** Where that is what it asks for. */
  upgrade: Upgrade.optional(),
  /** Converge only if this is what the node would do: the hash of a plan. */
  plan: Sha256.optional(),
  /** The order that it tries again, on the nodes where that one did not succeed. */
  again: z.string().optional(),
  author: z.string(),
  createdAt: z.int(),
  /** When each target has its final state at the latest. */
  deadline: z.int(),
  targets: z.array(Target),
})
export type Order = z.infer<typeof Order>

/** An order as lists have it: how many of its targets are in each state, where it has any. */
export const OrderSummary = Order.omit({ targets: true }).extend({ states: z.partialRecord(TargetState, z.int()) })
export type OrderSummary = z.infer<typeof OrderSummary>

export function statesOf(targets: Pick<Target, 'state'>[]) {
  const states: OrderSummary['states'] = {}
  for (const { state } of targets) states[state] = (states[state] ?? 0) + 1
  return states
}

/**
 * What `watchOrder` sends, one JSON a server-sent event: the order as it is, what its runs have done so far, then each change.
 * The stream ends when every target is final.
 */
export const OrderUpdate = z.discriminatedUnion('type', [
  z.object({ type: z.literal('order'), order: Order }),
  z.object({ type: z.literal('target'), target: Target }),
  z.object({
    type: z.literal('progress'),
    node: z.string(),
    run: z.string().optional(),
    done: z.int(),
    total: z.int(),
    events: z.array(ResourceEvent),
  }),
])
export type OrderUpdate = z.infer<typeof OrderUpdate>

export const RoleView = z.object({
  name: z.string(),
  description: z.string(),
  recipes: z.array(z.string()),
  attributes: z.record(z.string(), z.unknown()),
  nodes: z.array(z.string()),
  ...Policy.omit({ cleanup: true }).shape,
  runDeadlineMs: z.int().optional(),
})
export type RoleView = z.infer<typeof RoleView>

/** A role as lists have it: how many nodes have it, not which. */
export const RoleSummary = RoleView.omit({ nodes: true }).extend({ nodeCount: z.int() })
export type RoleSummary = z.infer<typeof RoleSummary>

export const RecipeView = z.object({
  name: z.string(),
  description: z.string(),
  /** By dotted key. */
  attributes: z.record(z.string(), z.object({ mustBeSet: z.boolean(), default: z.unknown().optional() })),
  roles: z.array(z.string()),
  cleanup: Cleanup,
})
export type RecipeView = z.infer<typeof RecipeView>

/** What is wrong in recipes or roles: each with file and line. Empty: the revision on disk is in force. */
export const SourceCheck = z.object({
  revision: z.string(),
  loadedAt: z.int(),
  errors: z.array(z.string()),
  /** Nodes whose catalog does not compile with it, and why. */
  nodes: z.array(z.object({ node: z.string(), error: z.string() })),
})

export const ApiError = z.object({
  error: z.string(),
  /** Stable, for programs: `unknown-node`, `bad-input`, …; docs/errors.md explains each. */
  code: z.string(),
  /** Which request it was, as the server's log calls it and the header `x-request-id` says. */
  request: z.string().default(''),
  /** For programs, where the code alone does not say enough. */
  details: z.unknown().optional(),
})
