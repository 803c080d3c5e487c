import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { isFinal } from '../../protocol/views.ts'
import type { Registry as Connections } from '../agents/registry.ts'
import type { Leases } from '../leases/leases.ts'
import type { Revisions } from '../revisions.ts'
import { NodeStates, type StateParts } from './node-states.ts'

export interface MetricsParts extends StateParts {
  registry: Connections
  leases: Leases
  revisions: Revisions
  version: string
}

export type Metrics = ReturnType<typeof createMetrics>

/** What Prometheus reads. Counters are kept as things happen, since a scrape comes every few seconds. */
export function createMetrics(parts: MetricsParts) {
  const register = new Registry()
  const states = new NodeStates(parts)
  collectDefaultMetrics({ register })
  countRuns(parts, register)
  countOrders(parts, register)
  watchNodes(parts, register, states)
  watchServer(parts, register)
  watchWebhooks(parts, register)
  countForgotten(parts, register)
  return {
    register,
    begin: () => states.begin(),
    observeRequest: requests(register),
    /** The text that Prometheus reads, and its type. */
    read: async () => ({ type: register.contentType, body: await register.metrics() }),
  }
}

function countRuns({ happenings }: MetricsParts, register: Registry) {
  const runs = new Counter({
    name: 'trivet_runs_total',
    help: 'Runs stored since the server started.',
    labelNames: ['status', 'mode'],
    registers: [register],
  })
  const durations = new Histogram({
    name: 'trivet_run_duration_seconds',
    help: 'How long runs took on their nodes.',
    labelNames: ['mode'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800],
    registers: [register],
  })
  const resources = new Counter({
    name: 'trivet_resources_total',
    help: 'What became of resources in the runs stored since the server started.',
    labelNames: ['status'],
    registers: [register],
  })
  const drifts = new Counter({
    name: 'trivet_drift_total',
    help: 'Resources that runs found changed by others than Trivet.',
    registers: [register],
  })
  happenings.on('run', ({ run: { outcome: status, mode, counts, startedAt, finishedAt }, events }) => {
    runs.inc({ status, mode })
    durations.observe({ mode }, (finishedAt - startedAt) / 1000)
    for (const [name, count] of Object.entries(counts)) resources.inc({ status: wordOf(name) }, count)
    drifts.inc(events.filter((event) => 'cause' in event && event.cause === 'drift').length)
  })
}

/** `wouldChange` is `would-change` everywhere else. */
function wordOf(count: string) {
  return count.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)
}

function countOrders({ happenings }: MetricsParts, register: Registry) {
  const given = new Counter({
    name: 'trivet_orders_given_total',
    help: 'Orders that were given since the server started.',
    labelNames: ['mode'],
    registers: [register],
  })
  const orders = new Counter({
    name: 'trivet_orders_total',
    help: 'Nodes of orders by the final state that they came to.',
    labelNames: ['outcome'],
    registers: [register],
  })
  const count = ({ state }: { state: Parameters<typeof isFinal>[0] }) =>
    isFinal(state) ? orders.inc({ outcome: state }) : undefined
  happenings.on('order', ({ mode, targets }) => {
    given.inc({ mode })
    targets.forEach(count)
  })
  happenings.on('target', ({ target }) => count(target))
}

function watchNodes({ registry }: MetricsParts, register: Registry, states: NodeStates) {
  const nodes: Gauge = new Gauge({
    name: 'trivet_nodes',
    help: 'Nodes by state.',
    labelNames: ['state'],
    registers: [register],
    collect: () => states.counts().forEach((count, state) => nodes.set({ state }, count)),
  })
  const connected: Gauge = new Gauge({
    name: 'trivet_nodes_connected',
    help: 'Nodes whose agent is connected.',
    registers: [register],
    collect: () => connected.set(registry.count()),
  })
  const agents: Gauge = new Gauge({
    name: 'trivet_agents',
    help: 'Connected nodes by the version of their agent.',
    labelNames: ['version'],
    registers: [register],
    collect() {
      agents.reset()
      registry.versions().forEach((count, version) => agents.set({ version }, count))
    },
  })
  const spool: Gauge = new Gauge({
    name: 'trivet_spool_bytes',
    help: 'Reports that wait on the disks of connected nodes for the server to store them.',
    registers: [register],
    collect: () => spool.set(registry.spoolBytes()),
  })
  const success: Gauge = new Gauge({
    name: 'trivet_last_success_timestamp_seconds',
    help: 'When the last converge in the cluster that did not fail ended.',
    labelNames: ['cluster'],
    registers: [register],
    collect: () => states.successes().forEach((at, cluster) => success.set({ cluster }, at / 1000)),
  })
}

function watchServer({ leases, revisions, version }: MetricsParts, register: Registry) {
  const gauge: Gauge = new Gauge({
    name: 'trivet_leases',
    help: 'Leases that are held, and that nodes wait for.',
    labelNames: ['cluster', 'group', 'state'],
    registers: [register],
    collect() {
      gauge.reset()
      for (const { cluster, group, held, waiting } of leases.counts()) {
        gauge.set({ cluster, group, state: 'held' }, held)
        gauge.set({ cluster, group, state: 'waiting' }, waiting)
      }
    },
  })
  const sources: Gauge = new Gauge({
    name: 'trivet_source_errors',
    help: 'Why recipes and roles as they are on disk are not in force: how many errors.',
    registers: [register],
    collect: () => sources.set(revisions.errors().length),
  })
  new Gauge({
    name: 'trivet_build_info',
    help: 'Always 1; its label says which version this is.',
    labelNames: ['version'],
    registers: [register],
  }).set({ version }, 1)
}

function watchWebhooks({ happenings, store }: MetricsParts, register: Registry) {
  const attempts = new Counter({
    name: 'trivet_webhook_attempts_total',
    help: 'Attempts to tell webhooks: delivered, to be tried again (waiting), or given up (dead).',
    labelNames: ['webhook', 'result'],
    registers: [register],
  })
  happenings.on('attempt', ({ webhook, state }) => attempts.inc({ webhook, result: state }))
  const waiting: Gauge = new Gauge({
    name: 'trivet_webhook_deliveries_waiting',
    help: 'Deliveries to webhooks that are still to be made.',
    registers: [register],
    collect: async () => waiting.set(await store.countWaiting()),
  })
}

function countForgotten({ happenings }: MetricsParts, register: Registry) {
  const forgotten = new Counter({
    name: 'trivet_forgotten_total',
    help: 'What went because it is kept no longer, by kind; events count by their runs.',
    labelNames: ['kind'],
    registers: [register],
  })
  happenings.on('forgotten', ({ kind, count }) => forgotten.inc({ kind }, count))
}

function requests(register: Registry) {
  const durations = new Histogram({
    name: 'trivet_api_request_duration_seconds',
    help: 'How long the server took to answer calls of the API; streams are not in it.',
    labelNames: ['method', 'path', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.3, 1, 5],
    registers: [register],
  })
  return (method: string, path: string, status: number, ms: number) =>
    durations.observe({ method, path, status: `${Math.floor(status / 100)}xx` }, ms / 1000)
}
