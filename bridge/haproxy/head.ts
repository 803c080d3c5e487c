import type { BridgeConfig } from '../config.ts'
import type { Section } from './text.ts'

/** What is the same whatever apps there are. The shape stands in it, so that a running HAProxy tells which one it has. */
export function head({ haproxy }: BridgeConfig, shape: string): Section {
  const { user, chroot, stats } = haproxy
  return {
    lines: [
      '# Written by trivet-agent bridge from what Marathon says. Changes here are lost.',
      'global',
      `    description ${shape === '' ? '-' : shape}`,
      '    log /dev/log local0',
      `    maxconn ${haproxy.maxConnections}`,
      ...(user === undefined ? [] : [`    user ${user}`, `    group ${user}`]),
      ...(chroot === undefined ? [] : [`    chroot ${chroot}`]),
      `    stats socket ${haproxy.adminSocket} mode 660 group ${haproxy.socketGroup} level admin`,
      '    stats timeout 30s',
      `    server-state-file ${haproxy.stateFile}`,
      `    hard-stop-after ${haproxy.hardStopAfterSeconds}s`,
      '',
      ...defaults(haproxy),
      '',
      'frontend front:stats',
      '    mode http',
      `    bind ${stats.address}:${stats.port}`,
      '    http-request use-service prometheus-exporter if { path /metrics }',
      '    stats enable',
      '    stats uri /',
    ],
  }
}

/**
 * A task that has died is found by the connections that fail, sooner than by checks, and each request may try all others in the meantime: Marathon
 * kills many at once when it scales down.
 */
function defaults({ checkEveryMs, idleSeconds }: BridgeConfig['haproxy']) {
  const quick = Math.round(checkEveryMs / 10)
  return [
    'defaults',
    '    log global',
    '    option dontlognull',
    '    option dontlog-normal',
    '    option redispatch 1',
    '    retries 50',
    '    timeout connect 3s',
    '    timeout queue 10s',
    `    timeout client ${idleSeconds}s`,
    `    timeout server ${idleSeconds}s`,
    '    timeout tunnel 1h',
    '    timeout http-request 10s',
    '    timeout http-keep-alive 10s',
    '    timeout check 5s',
    '    load-server-state-from-file global',
    `    default-server check inter ${checkEveryMs}ms fastinter ${quick}ms downinter ${quick}ms rise 1 fall 2 observe layer4 error-limit 3 on-error mark-down`,
  ]
}
