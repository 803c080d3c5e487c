import type { Counts, ResourceEvent } from '../../protocol/events.ts'
import type { NodeSummary, Order, StoredRun, Target } from '../../protocol/views.ts'

const none: Counts = { unchanged: 0, changed: 0, wouldChange: 0, unknown: 0, failed: 0, skipped: 0, deferred: 0 }
const at = Date.UTC(2026, 0, 2, 3, 4, 5)

export function countsOf(counts: Partial<Counts>): Counts {
  return { ...none, ...counts }
}

export function nodeOf(name: string, more: Partial<NodeSummary> = {}): NodeSummary {
  return {
    name,
    cluster: 'default',
    roles: ['web'],
    address: '10.0.0.1',
    connected: true,
    state: 'unchanged',
    reason: null,
    lastRun: { id: runOf({}).id, outcome: 'unchanged', finishedAt: at },
    owed: [],
    revision: 1,
    behind: false,
    ...more,
  }
}

export function targetOf(node: string, more: Partial<Target> = {}): Target {
  return { node, state: 'waiting', reason: null, run: null, outcome: null, counts: null, at, ...more }
}

export function orderOf(targets: Target[], more: Partial<Order> = {}): Order {
  return { id: 'order1', mode: 'converge', author: 'admin', createdAt: at, deadline: at + 900_000, targets, ...more }
}

export function runOf(more: Partial<StoredRun>): StoredRun {
  return {
    id: '11111111-2222-4333-8444-555555555555',
    node: 'web-1',
    mode: 'converge',
    trigger: 'schedule',
    orders: [],
    catalog: null,
    startedAt: at,
    finishedAt: at + 3400,
    receivedAt: at + 3500,
    outcome: 'changed',
    counts: countsOf({ changed: 1, unchanged: 3 }),
    owed: [],
    ...more,
  }
}

export const changedFile: ResourceEvent = {
  outcome: 'changed',
  id: 'file[/etc/motd]',
  recipe: 'base',
  durationMs: 12,
  changes: [
    { what: 'mode', from: '0600', to: '0644' },
    { what: 'content', from: null, to: 'hello', diff: '@@ -0,0 +1 @@\n-old\n+hello\n' },
  ],
}

export const failedService: ResourceEvent = {
  outcome: 'failed',
  id: 'service[nginx]',
  recipe: 'web',
  durationMs: 1500,
  changes: [],
  error: 'systemctl start nginx exited with 1\nbind: address in use',
}
