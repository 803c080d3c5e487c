import type { BridgeConfig } from '../config.ts'

/** Why no app may listen there; undefined where it may. */
export function whyNotPort(port: number, config: BridgeConfig): string | undefined {
  const [from, to] = config.offerRange
  if (port >= from && port <= to)
    return `service port ${port} lies in ${from}-${to}, from which tasks are given theirs: one could be given this very port. Choose another, such as 10080.`
  if (reserved(config).includes(port))
    return `service port ${port} is used on the nodes for something else. Choose another.`
  return undefined
}

function reserved({ reservedPorts, frontPort, haproxy, status }: BridgeConfig) {
  return [...reservedPorts, frontPort, haproxy.stats.port, status.port]
}
