import type { BridgeConfig } from '../config.ts'
import type { Complaint } from './app.ts'
import type { Backend } from './model.ts'
import { dnsName } from './names.ts'

/** On the front port: what asks for this host, and a path that begins so, is for this backend. */
export interface Route {
  vhost: string
  /** Empty means any. */
  path: string
  backend: string
}

/** In the order in which they are tried. Each app of HTTP is also found by its name in our zone. */
export function routesOf(backends: Backend[], config: BridgeConfig, complaints: Complaint[]): Route[] {
  const taken = new Map<string, Backend>()
  const candidates = backends
    .filter(({ mode }) => mode === 'http')
    .flatMap((backend) => [
      ...backend.vhosts.map((vhost) => ({ vhost, path: backend.path, backend })),
      ...ownName(backend, config).map((vhost) => ({ vhost, path: '', backend })),
    ])
  return candidates
    .filter(({ vhost, path, backend }) => {
      const key = `${vhost}${path}`
      const other = taken.get(key)
      taken.set(key, other ?? backend)
      if (!other || other === backend) return other === undefined
      complaints.push({ app: backend.app, effect: 'ignored', text: `${key} leads to ${other.app} already` })
      return false
    })
    .toSorted((a, b) => b.backend.weight - a.backend.weight || b.path.length - a.path.length || byName(a, b))
    .map(({ vhost, path, backend }) => ({ vhost, path, backend: backend.name }))
}

/** That of its first port alone: a name cannot tell ports apart. */
function ownName({ app, index }: Backend, { dnsmasq }: BridgeConfig) {
  const name = dnsmasq && index === 0 ? dnsName(app, dnsmasq.zone) : undefined
  return name === undefined ? [] : [name]
}

function byName(a: { vhost: string; path: string }, b: { vhost: string; path: string }) {
  const [one, other] = [a.vhost + a.path, b.vhost + b.path]
  return one < other ? -1 : one > other ? 1 : 0
}
