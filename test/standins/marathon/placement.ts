import type { Offer } from '../shared/protocol.ts'
import type { App } from './app.ts'
import type { Instance } from './plan.ts'

/** An offer that fits, and the host ports that the instance gets of it. */
export interface Place {
  offer: Offer
  ports: number[]
}

/** The place for one more instance; nothing where no offer fits. */
export function placeFor(app: App, offers: Offer[], siblings: Instance[]): Place | undefined {
  const count = (offer: Offer) => siblings.filter(({ agentId }) => agentId === offer.agentId).length
  const fitting = offers.filter((offer) => hasRoom(app, offer) && meets(app, offer, siblings))
  // Where the fewest of it run: real offers come in any order.
  for (const offer of fitting.toSorted((one, other) => count(one) - count(other))) {
    const ports = portsFrom(app, offer)
    if (ports) return { offer, ports }
  }
  return undefined
}

function hasRoom(app: App, { free }: Offer) {
  return (['cpus', 'mem', 'disk', 'gpus'] as const).every((key) => free[key] + 1e-6 >= app[key])
}

/** What each port of the app must be on the host: 0 is any, none is none at all. */
function wantedPorts(app: App): number[] {
  if (app.portDefinitions) return app.portDefinitions.map(({ port }) => (app.requirePorts ? port : 0))
  return (app.container?.portMappings ?? []).flatMap(({ hostPort }) => (hostPort === undefined ? [] : [hostPort]))
}

function portsFrom(app: App, { free }: Offer): number[] | undefined {
  const isFree = (port: number) => free.ports.some(([low, high]) => port >= low && port <= high)
  const chosen: number[] = []
  for (const wanted of wantedPorts(app)) {
    const port = wanted === 0 ? anyPort(free.ports, chosen) : wanted
    if (port === undefined || !isFree(port) || chosen.includes(port)) return undefined
    chosen.push(port)
  }
  return chosen
}

/** At random, so that a port is not taken again at once by something else. */
function anyPort(ranges: [number, number][], taken: number[]) {
  const all = ranges.flatMap(([low, high]) => Array.from({ length: high - low + 1 }, (_, index) => low + index))
  const left = all.filter((port) => !taken.includes(port))
  return left[Math.floor(Math.random() * left.length)]
}

function meets(app: App, offer: Offer, siblings: Instance[]) {
  return app.constraints.every(([field = '', operator = '', value = '']) => {
    const valueOf = (hostname: string, attributes: Record<string, string>) =>
      field === 'hostname' || field === '@hostname' ? hostname : attributes[field]
    const here = valueOf(offer.info.hostname, offer.info.attributes)
    const others = siblings.map(({ host, attributes }) => valueOf(host, attributes))
    const same = others.filter((one) => one === here).length
    if (operator === 'UNLIKE') return here === undefined || !new RegExp(`^(?:${value})$`).test(here)
    if (here === undefined) return false
    if (operator === 'UNIQUE') return same === 0
    if (operator === 'CLUSTER') return value === '' ? others.every((one) => one === here) : here === value
    if (operator === 'IS') return here === value
    if (operator === 'LIKE') return new RegExp(`^(?:${value})$`).test(here)
    if (operator === 'MAX_PER') return same < Number(value)
    if (operator !== 'GROUP_BY' || same === 0) return true
    const counts = [...new Set(others)].map((group) => others.filter((one) => one === group).length)
    return counts.length >= Number(value || 0) && same <= Math.min(...counts)
  })
}
