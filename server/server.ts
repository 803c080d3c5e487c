import type { FastifyInstance } from 'fastify'
import { messageOf } from '../protocol/errors.ts'
import type { Spoken } from '../protocol/versions.ts'
import { ownNames, reachableHost, urlOf } from './addresses.ts'
import { createAgents } from './agents/agents.ts'
import { createRegistry } from './agents/registry.ts'
import { registerAgentRoutes, type RouteParts } from './agents/routes.ts'
import type { AuthParts } from './api/bearer.ts'
import { registerApi } from './api/router.ts'
import { createStreams } from './api/streams.ts'
import { createAttesting } from './attest/attesting.ts'
import type { Cloud } from './attest/cloud.ts'
import type { AttestSettings } from './attest/settings.ts'
import { fingerprintOf, issueLeaf } from './ca.ts'
import { type CatalogParts, type Catalogs, createCatalogs } from './catalogs.ts'
import { registerConsole } from './console.ts'
import { openDataDir, requireFolder } from './data-dir.ts'
import { Feed } from './feed/feed.ts'
import { keepUnderWay } from './feed/under-way.ts'
import { authorityOf, inviteFirstAdmin } from './first-start.ts'
import { Gates } from './gates.ts'
import { createHappenings } from './happenings.ts'
import { createHttp } from './http.ts'
import { Handout } from './install/handout.ts'
import { Leases } from './leases/leases.ts'
import { logHappenings } from './log-happenings.ts'
import { createMetrics } from './metrics/metrics.ts'
import { createOrders } from './orders/orders.ts'
import type { Policy } from './retention/policy.ts'
import { createRetention } from './retention/retention.ts'
import { createRateLimits, type RequestLimits, usualLimits } from './rate-limit.ts'
import { keepRevision } from './revision-history.ts'
import { createRevisions, type Revisions } from './revisions.ts'
import { beginPath, registerSignIn } from './sign-in/routes.ts'
import type { SignInSettings } from './sign-in/settings.ts'
import type { SourceDirs } from './sources/files.ts'
import { watchSources } from './sources/watch.ts'
import { StartError } from './start-error.ts'
import { isStorageFull } from './storage-full.ts'
import { openSqliteStore } from './store/sqlite.ts'
import type { Authority, Lease, Store } from './store/store.ts'
import { untilDone } from './until-done.ts'
import { createWebhooks, type HookSettings } from './webhooks/webhooks.ts'

export interface ServerOptions {
  data: string
  host: string
  /** 0 takes any that is free. */
  port: number
  recipes: string
  roles: string
  /** Of resource types that are not ours; it need not be there. */
  types?: string
  /** What `npm run build:agent` has made, for machines that are to be nodes; it need not be there. */
  agents?: string
  /** How often agents converge of their own accord. */
  intervalMs: number
  version: string
  clock?: () => number
  /** What is kept for how long; all that it does not name for good. */
  retain?: Policy
  /** How often one may ask. */
  limits?: Partial<RequestLimits>
  /** By which identity provider people may sign in. */
  signIn?: SignInSettings | undefined
  /** By which instances of a cloud become nodes by what they are, and how that cloud is asked. */
  attest?: { settings: AttestSettings; cloud: Cloud } | undefined
  /** Which versions of the protocol agents may speak; those of this release if not said. */
  spoken?: Spoken
  /** How patient webhooks are, and where they may be. */
  hooks?: Partial<HookSettings>
  log: { level: string; to: NodeJS.WritableStream }
}

export interface RunningServer {
  url: string
  port: number
  /** `TOKEN@URL` of the first admin: only at the first start, and never again. */
  adminInvitation?: string
  /** Ends cleanly: agents are told, what is under way is finished. */
  close(): Promise<void>
}

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  await requireFolder(options.recipes, '--recipes')
  await requireFolder(options.roles, '--roles')
  try {
    return await startIn(await openDataDir(options.data), options)
  } catch (error) {
    if (!isStorageFull(error)) throw error
    const why = `The disk of the data directory ${options.data} is full: ${messageOf(error)}.`
    throw new StartError(`${why} Make room there, and start again.`, { cause: error })
  }
}

async function startIn(path: string, options: ServerOptions) {
  const store = await openSqliteStore(path)
  try {
    return await startWith(store, options)
  } catch (error) {
    await store.close()
    throw error
  }
}

async function startWith(store: Store, options: ServerOptions): Promise<RunningServer> {
  const { clock = Date.now, host, log } = options
  const authority = await authorityOf(store, clock())
  const app = createHttp({ ...(await issueLeaf(authority, ownNames(host), clock())), log })
  const ca = fingerprintOf(authority)
  const parts = assemble(app, store, authority, clock, options)
  try {
    await parts.begin()
    const port = await listen(app, options)
    const url = urlOf(reachableHost(host), port)
    const token = await inviteFirstAdmin(store, ca, clock())
    const close = async () => {
      await parts.close()
      await store.close()
    }
    return { url, port, close, ...(token === undefined ? {} : { adminInvitation: `${token}@${url}` }) }
  } catch (error) {
    await parts.close()
    throw error
  }
}

/** Puts the parts together. */
function assemble(
  app: FastifyInstance,
  store: Store,
  authority: Authority,
  clock: () => number,
  options: ServerOptions,
) {
  const { version, intervalMs, data } = options
  const ca = fingerprintOf(authority)
  const failed = (error: unknown) => app.log.error(error)
  const revisions = createRevisions(options, clock, (revision, at) => keepRevision(store, revision, at))
  const limits = createRateLimits({ ...usualLimits, ...options.limits })
  const parts = { store, revisions, clock, failed, limits, ...createDeciders(app, { store, revisions, clock, failed }) }
  const { catalogs, orders, leases, feed } = parts
  const agents = createAgents({ ...parts, server: ca, intervalMs, spoken: options.spoken })
  const metrics = createMetrics({ ...parts, version })
  const webhooks = createWebhooks(parts, options.hooks)
  const retention = createRetention(parts, options.retain ?? {})
  const doors = openDoors(app, parts, options)
  const handout = new Handout(options.agents ?? 'dist/agent', authority.certificate)
  serve(app, { ...parts, ...doors, metrics, webhooks, handout, version, ca, scratch: data })
  app.server.on('upgrade', agents.upgrade)
  const sources = followSources(app, parts, options)
  return {
    begin: async () => {
      await sources.begin()
      await leases.begin()
      await metrics.begin()
      await webhooks.begin()
      await orders.resume()
      for (const part of [retention, doors.attesting]) part?.begin()
    },
    close: async () => {
      for (const part of [sources, orders, feed, leases, catalogs]) part.close()
      await Promise.all([agents.close(), app.close()])
      await webhooks.close()
      await Promise.all([retention.close(), doors.attesting?.close()])
    },
  }
}

/** Puts in force what is on disk, and what it becomes. */
function followSources(app: FastifyInstance, parts: CatalogParts & { catalogs: Catalogs }, dirs: SourceDirs) {
  const { revisions, catalogs, failed } = parts
  const reload = async () => {
    if (!(await revisions.reload())) return
    logRevision(app, revisions)
    await catalogs.refresh()
  }
  const following = untilDone(reload, failed)
  const watching = watchSources(dirs, () => following.begin())
  return {
    begin: async () => {
      await watching.ready
      await reload()
    },
    close: () => {
      watching.close()
      following.close()
    },
  }
}

/** How people come in, and by what they go; and machines of a cloud. */
function openDoors(
  app: FastifyInstance,
  parts: AuthParts & Parameters<typeof createAttesting>[0],
  { signIn, attest }: Pick<ServerOptions, 'signIn' | 'attest'>,
) {
  const streams = createStreams(parts.failed)
  if (signIn) registerSignIn(app, { ...parts, streams }, signIn)
  const attesting = attest && createAttesting(parts, attest.settings, attest.cloud)
  return { streams, attesting, provider: signIn ? { name: signIn.name, url: signIn.url + beginPath } : null }
}

/** What is asked over HTTPS: by operators, agents, machines that are to be nodes, and browsers. */
function serve(app: FastifyInstance, parts: Parameters<typeof registerApi>[1] & RouteParts & { handout: Handout }) {
  registerApi(app, parts)
  registerAgentRoutes(app, parts)
  parts.handout.register(app)
  registerConsole(app)
}

/** What decides what nodes are to be, to do, and may do. */
function createDeciders(app: FastifyInstance, base: CatalogParts) {
  const happenings = createHappenings()
  const underWay = keepUnderWay(happenings)
  logHappenings(happenings, app.log)
  const registry = createRegistry(base.clock)
  const catalogs = createCatalogs(base)
  const orders = createOrders({
    ...base,
    catalogs,
    happenings,
    underWay,
    send: (id, message) => registry.ready(id)?.send(message),
    minorOf: (id) => registry.of(id)?.minor,
  })
  const gates = new Gates({ catalogs, registry })
  const log = (what: string, lease: Lease) => app.log.info(lease, what)
  const leases = new Leases({ ...base, catalogs, registry, log })
  const feed = new Feed({ ...base, happenings, underWay, registry, catalogs, gates })
  return { happenings, registry, catalogs, orders, gates, leases, feed }
}

function logRevision({ log }: FastifyInstance, revisions: Revisions) {
  const errors = revisions.errors()
  for (const error of errors) log.error(error)
  const revision = revisions.current()?.id ?? 'none'
  log.info({ revision }, errors.length > 0 ? 'sources do not load; this revision stays in force' : 'revision in force')
}

async function listen(app: FastifyInstance, { host, port }: ServerOptions) {
  try {
    await app.listen({ host, port })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new StartError(`Cannot listen on ${host}:${port}: ${whyNot(error)}`, { cause: error })
  }
  const address = app.server.address()
  return typeof address === 'object' && address ? address.port : port
}

function whyNot(error: NodeJS.ErrnoException) {
  if (error.code === 'EADDRINUSE') return 'something listens there already. Stop it, or give --listen another port.'
  if (error.code === 'EADDRNOTAVAIL') return 'this machine has no such address. Give --listen one that it has.'
  if (error.code === 'EACCES') return 'ports below 1024 are for root. Give --listen a higher one.'
  return `${error.message}.`
}
