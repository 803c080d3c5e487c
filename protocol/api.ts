import { z } from 'zod'
import { CatalogResource, Sha256 } from './catalog.ts'
import { ResourceEvent, RunMode, RunOutcome } from './events.ts'
import {
  Access,
  AttributeLayer,
  NodeDetail,
  NodeSummary,
  Order,
  OrderUpdate,
  RecipeView,
  RoleView,
  SourceCheck,
  StoredRun,
} from './views.ts'
import { Name } from './name.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** One call of the HTTP API. `input` is path parameters, then query (GET, DELETE) or JSON body, in one record. */
export interface Endpoint<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  method: Method
  /** `:name` stands for the input of that name. */
  path: string
  access: Access | 'public'
  summary: string
  input: Input
  output: Output
  /** What the response is when it is not one JSON: server-sent events of `output`, or bytes. */
  stream?: 'events' | 'bytes'
}

function endpoint<Input extends z.ZodType, Output extends z.ZodType>(given: Endpoint<Input, Output>) {
  return given
}

const none = z.object({})
const node = z.object({ node: Name })
/** `recipe.attribute`, with more dots for what lies deeper. */
const attribute = z.string().regex(/^[a-z0-9-]+(\.[A-Za-z0-9_-]+)+$/, 'RECIPE.ATTRIBUTE, such as zookeeper.tickTime')
const scope = z.object({ scope: z.enum(['nodes', 'clusters']), name: Name, key: attribute })

/** The whole API. The server serves this table, the command line and the console call it. */
export const api = {
  whoami: endpoint({
    method: 'GET',
    path: '/api/whoami',
    access: 'viewer',
    summary: 'Who the token is, and which server this is.',
    input: none,
    output: z.object({
      name: z.string(),
      access: Access,
      version: z.string(),
      revision: z.string(),
      /** Why recipes and roles as they are on disk are not in force. */
      sourceErrors: z.array(z.string()).default([]),
    }),
  }),
  listNodes: endpoint({
    method: 'GET',
    path: '/api/nodes',
    access: 'viewer',
    summary: 'All nodes, by name.',
    input: z.object({ role: Name.optional(), cluster: Name.optional() }),
    output: z.array(NodeSummary),
  }),
  readNode: endpoint({
    method: 'GET',
    path: '/api/nodes/:node',
    access: 'viewer',
    summary: 'One node: facts, attributes, last run, what is owed.',
    input: node,
    output: NodeDetail,
  }),
  readCatalog: endpoint({
    method: 'GET',
    path: '/api/nodes/:node/catalog',
    access: 'viewer',
    summary: 'What the node should be, compiled now.',
    input: node,
    output: z.object({ digest: Sha256, resources: z.array(CatalogResource) }),
  }),
  assignRoles: endpoint({
    method: 'POST',
    path: '/api/nodes/:node/roles',
    access: 'operator',
    summary: 'Give the node roles, after those it has.',
    input: node.extend({ roles: z.array(Name).min(1) }),
    output: NodeSummary,
  }),
  unassignRoles: endpoint({
    method: 'DELETE',
    path: '/api/nodes/:node/roles',
    access: 'operator',
    summary: 'Take roles from the node.',
    input: node.extend({ roles: z.union([Name.transform((one) => [one]), z.array(Name).min(1)]) }),
    output: NodeSummary,
  }),
  setAttribute: endpoint({
    method: 'PUT',
    path: '/api/:scope/:name/attributes/:key',
    access: 'operator',
    summary: 'Set an attribute of a node or a cluster.',
    input: scope.extend({ value: z.json() }),
    output: z.object({ nodes: z.array(z.string()) }),
  }),
  unsetAttribute: endpoint({
    method: 'DELETE',
    path: '/api/:scope/:name/attributes/:key',
    access: 'operator',
    summary: 'Take an attribute of a node or a cluster back.',
    input: scope,
    output: z.object({ nodes: z.array(z.string()) }),
  }),
  explain: endpoint({
    method: 'GET',
    path: '/api/nodes/:node/explain/:key',
    access: 'viewer',
    summary: 'Where the value of an attribute comes from, layer by layer.',
    input: node.extend({ key: attribute }),
    output: z.object({ value: z.unknown(), layers: z.array(AttributeLayer) }),
  }),
  revokeNode: endpoint({
    method: 'POST',
    path: '/api/nodes/:node/revoke',
    access: 'admin',
    summary: 'Refuse the node from now on; its connection is cut at once.',
    input: node,
    output: NodeSummary,
  }),
  listRoles: endpoint({
    method: 'GET',
    path: '/api/roles',
    access: 'viewer',
    summary: 'All roles with their recipes and nodes.',
    input: none,
    output: z.array(RoleView),
  }),
  readRole: endpoint({
    method: 'GET',
    path: '/api/roles/:role',
    access: 'viewer',
    summary: 'One role.',
    input: z.object({ role: Name }),
    output: RoleView,
  }),
  listRecipes: endpoint({
    method: 'GET',
    path: '/api/recipes',
    access: 'viewer',
    summary: 'All recipes with their attributes.',
    input: none,
    output: z.array(RecipeView),
  }),
  checkSources: endpoint({
    method: 'POST',
    path: '/api/recipes/check',
    access: 'operator',
    summary: 'Load recipes and roles from disk now and compile every node.',
    input: none,
    output: SourceCheck,
  }),
  createToken: endpoint({
    method: 'POST',
    path: '/api/tokens',
    access: 'admin',
    summary: 'A token with which nodes may join; shown this once.',
    input: z.object({
      uses: z.int().min(1).max(100_000).default(1),
      ttlMs: z
        .int()
        .min(1000)
        .max(10 * 365 * 24 * 3600 * 1000)
        .default(60 * 60 * 1000),
      roles: z.array(Name).default([]),
      cluster: Name.default('default'),
      /** A pattern for names of nodes, `*` stands for anything: `web-*`. */
      names: z.string().max(200).default('*'),
    }),
    output: z.object({ token: z.string(), id: z.string(), expiresAt: z.int() }),
  }),
  listTokens: endpoint({
    method: 'GET',
    path: '/api/tokens',
    access: 'admin',
    summary: 'Join tokens that can still be used.',
    input: none,
    output: z.array(
      z.object({
        id: z.string(),
        usesLeft: z.int(),
        expiresAt: z.int(),
        roles: z.array(z.string()),
        cluster: z.string(),
        names: z.string(),
        author: z.string(),
      }),
    ),
  }),
  deleteToken: endpoint({
    method: 'DELETE',
    path: '/api/tokens/:id',
    access: 'admin',
    summary: 'Make a join token worthless.',
    input: z.object({ id: z.string() }),
    output: z.object({ id: z.string() }),
  }),
  createOrder: endpoint({
    method: 'POST',
    path: '/api/orders',
    access: 'operator',
    summary: 'Ask nodes to converge, or to plan, now.',
    input: z.object({
      mode: RunMode.default('converge'),
      /** Exactly one of the three. */
      nodes: z.array(Name).min(1).optional(),
      role: Name.optional(),
      all: z.literal(true).optional(),
      deadlineMs: z
        .int()
        .min(1000)
        .max(24 * 3600 * 1000)
        .default(15 * 60 * 1000),
    }),
    /** Sources that do not load are told to whoever may think that they were converged to. */
    output: Order.extend({ sourceErrors: z.array(z.string()).default([]) }),
  }),
  listOrders: endpoint({
    method: 'GET',
    path: '/api/orders',
    access: 'viewer',
    summary: 'Orders, newest first.',
    input: z.object({ limit: z.coerce.number().int().min(1).max(500).default(20) }),
    output: z.array(Order),
  }),
  readOrder: endpoint({
    method: 'GET',
    path: '/api/orders/:id',
    access: 'viewer',
    summary: 'One order with the state of each target.',
    input: z.object({ id: z.string() }),
    output: Order,
  }),
  watchOrder: endpoint({
    method: 'GET',
    path: '/api/orders/:id/watch',
    access: 'viewer',
    summary: 'An order as it happens, until every target is final.',
    input: z.object({ id: z.string() }),
    output: OrderUpdate,
    stream: 'events',
  }),
  cancelOrder: endpoint({
    method: 'POST',
    path: '/api/orders/:id/cancel',
    access: 'operator',
    summary: 'Cancel the order for every target that is not final.',
    input: z.object({ id: z.string() }),
    output: Order,
  }),
  listRuns: endpoint({
    method: 'GET',
    path: '/api/runs',
    access: 'viewer',
    summary: 'Runs, newest first.',
    input: z.object({
      node: Name.optional(),
      outcome: RunOutcome.optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(20),
      /** The id of the last run of the page before. */
      after: z.uuid().optional(),
    }),
    output: z.array(StoredRun),
  }),
  readRun: endpoint({
    method: 'GET',
    path: '/api/runs/:id',
    access: 'viewer',
    summary: 'One run with its events. An id may be cut short to what is still unique.',
    input: z.object({ id: z.string().min(4) }),
    output: z.object({ run: StoredRun, events: z.array(ResourceEvent) }),
  }),
  listAudit: endpoint({
    method: 'GET',
    path: '/api/audit',
    access: 'admin',
    summary: 'Who wrote what, newest first.',
    input: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(50) }),
    output: z.array(
      z.object({
        at: z.int(),
        author: z.string(),
        action: z.string(),
        subject: z.string(),
        before: z.unknown(),
        after: z.unknown(),
      }),
    ),
  }),
  backup: endpoint({
    method: 'GET',
    path: '/api/backup',
    access: 'admin',
    summary: 'The whole store as one SQLite file, consistent, while the server goes on.',
    input: none,
    output: z.unknown(),
    stream: 'bytes',
  }),
} satisfies Record<string, Endpoint>
export type Api = typeof api
