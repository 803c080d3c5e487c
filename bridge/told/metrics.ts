import type { Status } from './status.ts'

function metric(name: string, type: 'counter' | 'gauge', help: string, value: number) {
  return [
    `# HELP trivet_bridge_${name} ${help}`,
    `# TYPE trivet_bridge_${name} ${type}`,
    `trivet_bridge_${name} ${value}`,
  ]
}

/** In Prometheus' text form. */
export function metricsText(status: Status, now: number) {
  const since = (at: number | undefined) => (now - (at ?? status.startedAt)) / 1000
  const servers = status.model.backends.reduce((sum, { servers: some }) => sum + some.length, 0)
  const latency = 'trivet_bridge_event_to_served_seconds'
  return [
    ...metric('up', 'gauge', '1 where HAProxy serves what Marathon says.', status.state === 'ok' ? 1 : 0),
    ...metric('seconds_since_read', 'gauge', 'Since Marathon was read with success.', since(status.readAt)),
    ...metric(
      'seconds_since_served',
      'gauge',
      'Since HAProxy was last found to serve what was read.',
      since(status.servedAt),
    ),
    ...metric('listening', 'gauge', '1 where the stream of events is connected.', status.isListening ? 1 : 0),
    ...metric('events_total', 'counter', 'Events heard.', status.events),
    ...metric('reads_total', 'counter', 'Reads of all apps.', status.reads),
    ...metric('failed_reads_total', 'counter', 'Reads that no Marathon answered well.', status.failedReads),
    ...metric('reloads_total', 'counter', 'Reloads of HAProxy.', status.reloads),
    ...metric(
      'socket_commands_total',
      'counter',
      'Changes made through the admin socket, without a reload.',
      status.socketCommands,
    ),
    ...metric('backends', 'gauge', 'Ports of apps that are served.', status.model.backends.length),
    ...metric('servers', 'gauge', 'Tasks that are served.', servers),
    ...metric('complaints', 'gauge', 'What is wrong with apps; /status tells it.', status.complaints.length),
    `# HELP ${latency} From the first event that told of a change until HAProxy had it.`,
    `# TYPE ${latency} histogram`,
    ...status.latency.lines(latency),
    '',
  ].join('\n')
}
