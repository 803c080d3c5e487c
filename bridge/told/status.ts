import type { Complaint } from '../model/app.ts'
import type { Model } from '../model/model.ts'
import { Histogram } from './histogram.ts'

/** What the bridge knows of itself. */
export class Status {
  readonly startedAt = Date.now()
  readonly latency = new Histogram()
  source = ''
  stream = 'listens to none yet'
  isListening = false
  events = 0
  reads = 0
  failedReads = 0
  reloads = 0
  socketCommands = 0
  /** When Marathon was read last, and HAProxy served it. */
  readAt: number | undefined
  servedAt: number | undefined
  /** What goes wrong now, by what it is about. */
  readonly troubles = new Map<'reading' | 'haproxy' | 'dnsmasq' | 'consul', string>()
  model: Model = { backends: [], routes: [], fallback: undefined, complaints: [] }
  complaints: Complaint[] = []

  /** Waiting: nothing was read yet. Stale: what is served was true once, and Marathon is away. Failing: HAProxy does not have what it is to serve. */
  get state(): 'ok' | 'waiting' | 'stale' | 'failing' {
    if (this.troubles.has('haproxy')) return 'failing'
    if (this.servedAt === undefined) return 'waiting'
    return this.troubles.has('reading') ? 'stale' : 'ok'
  }
}

export function statusJson(status: Status, now: number) {
  const ago = (at: number | undefined) => (at === undefined ? null : Math.round((now - at) / 100) / 10)
  return {
    state: status.state,
    source: status.source,
    events: { stream: status.stream, connected: status.isListening, seen: status.events },
    secondsSinceRead: ago(status.readAt),
    secondsSinceServed: ago(status.servedAt),
    lastEventToServedSeconds: status.latency.last ?? null,
    reloads: status.reloads,
    socketCommands: status.socketCommands,
    troubles: Object.fromEntries(status.troubles),
    complaints: status.complaints,
    apps: status.model.backends.map(({ app, name, listen, mode, servers, vhosts }) => ({
      app,
      backend: name,
      port: listen ?? null,
      mode,
      vhosts,
      servers: servers.map(({ address, port }) => `${address}:${port}`),
    })),
  }
}

export function statusText(status: Status, now: number) {
  const { state, source, events, secondsSinceRead, reloads, socketCommands, troubles, complaints, apps } = statusJson(
    status,
    now,
  )
  return [
    `${state}: Marathon ${source || '(none has answered)'} was read ${secondsSinceRead === null ? 'never' : `${secondsSinceRead} s ago`}; ${events.stream}`,
    `${apps.length} backends, ${reloads} reloads, ${socketCommands} changes through the admin socket`,
    ...Object.entries(troubles).map(([what, text]) => `trouble with ${what}: ${text}`),
    ...complaints.map(({ app, effect, text }) => `${app}: ${effect}: ${text}`),
    ...apps.map(
      ({ app, backend, port, mode, servers }) =>
        `${app} ${mode} ${port ?? 'front'} ${backend}: ${servers.join(' ') || 'no task'}`,
    ),
    '',
  ].join('\n')
}
