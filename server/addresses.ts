import { hostname, networkInterfaces } from 'node:os'

function interfaceAddresses() {
  return Object.values(networkInterfaces()).flatMap((all) => all ?? [])
}

/** All that a client may call this machine. */
export function ownNames(host: string) {
  const addresses = interfaceAddresses().map(({ address }) => address.split('%')[0] ?? address)
  const listened = isWildcard(host) ? [] : [host]
  return [...new Set(['localhost', hostname(), ...listened, '127.0.0.1', '::1', ...addresses])]
}

/** What to tell people when the server listens on all addresses: the first that others can reach. */
export function reachableHost(host: string) {
  if (!isWildcard(host)) return host
  const outside = interfaceAddresses().find(({ internal, family }) => !internal && family === 'IPv4')
  return outside?.address ?? '127.0.0.1'
}

export function urlOf(host: string, port: number) {
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function isWildcard(host: string) {
  return host === '0.0.0.0' || host === '::' || host === ''
}
