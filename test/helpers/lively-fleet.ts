import { randomUUID } from 'node:crypto'
import type { Report, ResourceEvent, Run } from '../../protocol/events.ts'
import { connect, enrol, factsOf, reportOf } from './fake-agent.ts'
import { countsOf } from './records.ts'
import type { Served } from './test-server.ts'

type Agent = Awaited<ReturnType<typeof connect>>

/** A node of the fake fleet, connected, with its catalog. */
export async function joinNode(served: Served, name: string, roles: string[] = ['word'], cluster = 'default') {
  const { keys } = await enrol(served.place, await served.joinToken({ roles, cluster }), name)
  const number = Number(/\d+$/.exec(name)?.[0] ?? 1)
  const facts = factsOf(name, { address: `10.0.0.${number}`, addresses: [`10.0.0.${number}`], cpus: 4, memoryMb: 8192 })
  const agent = await connect(served.place, keys, { facts })
  return { name, keys, agent }
}

/** Stores a run, as if the node had made it `agoMs` ago. */
export async function runOn(agent: Agent, run: Partial<Run>, events: Report['events'] = [], agoMs = 0) {
  const id = randomUUID()
  const finishedAt = Date.now() - agoMs
  const report = reportOf(id, { startedAt: finishedAt - 4200, finishedAt, ...run }, events)
  agent.send({ type: 'report', report, clock: Date.now() })
  await agent.next('stored')
  return id
}

export const edited: ResourceEvent = {
  outcome: 'changed',
  id: 'file[/etc/haproxy/haproxy.cfg]',
  recipe: 'haproxy',
  durationMs: 38,
  cause: 'intended',
  changes: [
    { what: 'mode', from: '0600', to: '0644' },
    {
      what: 'content',
      from: '2.1 kB',
      to: '2.2 kB',
      diff: `@@ -11,7 +11,8 @@
 backend web
   balance roundrobin
-  server web-1 10.0.0.1:8080 check
+  server web-1 10.0.0.1:8080 check inter 2s
+  server web-2 10.0.0.2:8080 check inter 2s
   option httpchk GET /health
   timeout server 30s
`,
    },
  ],
}

export const restarted: ResourceEvent = {
  outcome: 'changed',
  id: 'service[haproxy]',
  recipe: 'haproxy',
  action: 'reload',
  durationMs: 412,
  changes: [],
}

export const drifted: ResourceEvent = {
  outcome: 'changed',
  id: 'file[/etc/motd]',
  recipe: 'base',
  durationMs: 9,
  cause: 'drift',
  changes: [{ what: 'content', from: 'hello', to: 'Kept by trivet.', diff: '@@ -1 +1 @@\n-hello\n+Kept by trivet.\n' }],
}

export const broken: ResourceEvent = {
  outcome: 'failed',
  id: 'service[zookeeper]',
  recipe: 'zookeeper',
  durationMs: 5021,
  changes: [{ what: 'state', from: 'inactive', to: 'active' }],
  error: `systemctl start zookeeper exited with 1
java.net.BindException: Address already in use (port 2181)`,
}

export const skipped: ResourceEvent = {
  outcome: 'skipped',
  id: 'probe[zookeeper]',
  recipe: 'zookeeper',
  durationMs: 0,
  reason: 'service[zookeeper] failed',
}

export const deferred: ResourceEvent = {
  outcome: 'deferred',
  id: 'service[mesos-master]',
  recipe: 'mesos-master',
  action: 'restart',
  durationMs: 2,
  reason: 'lease mesos-masters is held by lab-2',
}

export const changedRun = { outcome: 'changed', counts: countsOf({ changed: 3, unchanged: 61 }) } as const
export const failedRun = { outcome: 'failed', counts: countsOf({ failed: 1, skipped: 1, unchanged: 40 }) } as const
