import type { Counts, Report, ResourceEvent, Run, RunOutcome, Trigger } from '../../protocol/events.ts'
import { sha256 } from '../../protocol/catalog.ts'
import { oneOf, type Random, uuidOf, weighted } from './random.ts'

/** How many of a hundred runs end so, and begin so: a fleet that is let be most of the time. */
const outcomes: [RunOutcome, number][] = [
  ['unchanged', 93],
  ['changed', 4.7],
  ['failed', 1.2],
  ['would-change', 1],
  ['interrupted', 0.1],
]
const triggers: [Trigger, number][] = [
  ['schedule', 90],
  ['catalog', 4],
  ['order', 3],
  ['drift', 1.5],
  ['start', 1],
  ['manual', 0.4],
  ['boot', 0.1],
]
const resourcesOfNode = 120
const files = 400
const words = [
  'pool',
  'port',
  'timeout',
  'cache',
  'upstream',
  'secret',
  'retries',
  'buffer',
  'listen',
  'region',
] as const
const errors = [
  'systemctl restart exited with 1: address already in use',
  'apt-get install exited with 100: unable to fetch some archives',
  'no space left on device',
  'did not converge: mode is still 0600',
] as const
const catalogs = Array.from({ length: 40 }, (_, index) => sha256(`catalog ${index}`))

/** A run that ended then, as its agent would report it. */
export function reportAt(finishedAt: number, random: Random, orders: string[] = []): Report {
  return reportOf(weighted(outcomes, random), finishedAt, random, orders)
}

export function unchangedAt(finishedAt: number, random: Random) {
  return reportOf('unchanged', finishedAt, random, [])
}

function reportOf(outcome: RunOutcome, finishedAt: number, random: Random, orders: string[]): Report {
  const events = eventsOf(outcome, random)
  const counts = countsOf(events)
  const run: Run = {
    id: uuidOf(random),
    mode: outcome === 'would-change' ? 'plan' : 'converge',
    trigger: orders.length > 0 ? 'order' : weighted(triggers, random),
    orders,
    catalog: oneOf(catalogs, random),
    startedAt: finishedAt - Math.round(20 + random() * (events.length > 0 ? 20_000 : 80)),
    finishedAt,
    outcome,
    counts: { ...counts, unchanged: resourcesOfNode - events.length },
    owed: outcome === 'failed' && random() < 0.2 ? ['restart service[site]'] : [],
  }
  return { run, events }
}

function eventsOf(outcome: RunOutcome, random: Random): ResourceEvent[] {
  if (outcome === 'unchanged') return []
  const several = Array.from({ length: 1 + Math.floor(random() * 4) }, () => fileEvent(outcome, random))
  if (outcome !== 'failed') return several
  const about = { id: `service[site-${Math.floor(random() * 30)}]` as const, recipe: 'site', durationMs: 900 }
  const error = oneOf(errors, random)
  const reason = `${about.id} failed`
  return [
    ...several,
    { outcome: 'failed', ...about, changes: [], error },
    { outcome: 'skipped', id: 'probe[site]', recipe: 'site', durationMs: 0, reason },
  ]
}

function fileEvent(outcome: RunOutcome, random: Random): ResourceEvent {
  const path = `/etc/site/${oneOf(words, random)}-${Math.floor(random() * files)}.conf`
  const [from, to] = [`${oneOf(words, random)} = ${lineOf(random)}`, `${oneOf(words, random)} = ${lineOf(random)}`]
  const diff = `@@ -1,3 +1,3 @@\n # written by the recipe site\n-${from}\n+${to}\n level = info\n`
  const about = { id: `file[${path}]` as const, recipe: 'site', durationMs: Math.floor(random() * 9) }
  const changes = [{ what: 'content', from: `sha256 ${path.length}`, to: 'sha256 other', diff }]
  const cause = random() < 0.3 ? 'drift' : 'intended'
  return { outcome: outcome === 'would-change' ? 'would-change' : 'changed', ...about, changes, cause }
}

function lineOf(random: Random) {
  return Math.floor(random() * 100_000).toString(36)
}

function countsOf(events: ResourceEvent[]): Counts {
  const counts: Counts = { unchanged: 0, changed: 0, wouldChange: 0, unknown: 0, failed: 0, skipped: 0, deferred: 0 }
  for (const { outcome } of events) counts[outcome === 'would-change' ? 'wouldChange' : outcome]++
  return counts
}
