import type { BridgeConfig } from '../config.ts'
import type { Model } from '../model/model.ts'
import type { Section } from './text.ts'

/** Where a load balancer in front asks whether this node has what it wants: `/_bridge/health`, or of one backend `/_bridge/health/NAME`. */
const healthPath = '/_bridge/health'

/** What a port that clients connect to has. Those that stay connected are told of a reload with an answer, not in the midst of a request. */
export function listensTo(mode: 'tcp' | 'http') {
  const http = ['    mode http', '    option httplog', '    option forwardfor', '    option idle-close-on-response']
  return mode === 'http' ? http : ['    mode tcp', '    option tcplog']
}

/** The port that all apps of HTTP share: by Host and path. */
export function frontSection({ backends, routes, fallback }: Model, config: BridgeConfig): Section {
  const inFront = [...new Set([...routes.map(({ backend }) => backend), ...(fallback === undefined ? [] : [fallback])])]
  const appOf = new Map(backends.map(({ name, app }) => [name, app]))
  return {
    lines: [
      'frontend front:http',
      `    bind ${config.bindAddress}:${config.frontPort}`,
      ...listensTo('http'),
      ...health(inFront.filter((name) => appOf.has(name)).toSorted(), config),
      ...routes.map((route) => `    use_backend ${route.backend} if ${condition(route.vhost, route.path)}`),
      ...(fallback === undefined ? [] : [`    default_backend ${fallback}`]),
    ],
  }
}

// The port is no part of the name, and names are in any case.
function condition(vhost: string, path: string) {
  const host = `{ req.hdr(host),field(1,:),lower -m str ${vhost} }`
  return path === '' ? host : `${host} { path_beg ${path} }`
}

function say(status: number, text: string, when: string) {
  return `    http-request return status ${status} content-type text/plain string ${text} if ${when}`
}

/** HAProxy itself answers, so that it is down too when HAProxy is. In cluster mode any node serves all. */
function health(inFront: string[], { mode }: BridgeConfig) {
  const all = `{ path ${healthPath} }`
  const each = inFront.flatMap((name) => [
    say(200, 'up', `{ path ${healthPath}/${name} } { nbsrv(${name}) gt 0 }`),
    ...(mode === 'host' ? [say(200, 'up', `${all} { nbsrv(${name}) gt 0 }`)] : []),
  ])
  return [
    ...each,
    ...(mode === 'cluster' ? [say(200, 'up', all)] : []),
    say(503, 'down', `{ path ${healthPath} } or { path_beg ${healthPath}/ }`),
  ]
}
