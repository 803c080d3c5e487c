import { type CatalogResource, idOf } from '../../protocol/catalog.ts'
import type { ResourceEvent } from '../../protocol/events.ts'
import type { NodeComparison } from '../../protocol/history.ts'
import type { FleetNode } from '../store/store.ts'
import type { ApiParts, Handlers } from './call.ts'
import { findFleetNode } from './find.ts'
import { findRun } from './runs.ts'
import { withheld } from './withheld.ts'

export function compareHandlers(parts: ApiParts): Pick<Handlers, 'compareRuns' | 'compareNodes'> {
  return {
    async compareRuns({ id, with: other }, caller) {
      const [first, second] = await Promise.all([findRun(parts.store, caller, id), findRun(parts.store, caller, other)])
      const events = await Promise.all([parts.store.readEvents(first.id), parts.store.readEvents(second.id)])
      return { runs: [first, second], items: eventsBeside(...events) }
    },
    async compareNodes({ node, with: other }, caller) {
      const [first, second] = await Promise.all([
        findFleetNode(parts, caller, node),
        findFleetNode(parts, caller, other),
      ])
      return nodesBeside(first, second, [resourcesOf(parts, first.id), resourcesOf(parts, second.id)])
    },
  }
}

/** In the order of the first, then what only the second has. */
function eventsBeside(first: ResourceEvent[], second: ResourceEvent[]) {
  const [ones, others] = [bySubject(first), bySubject(second)]
  return [...new Set([...ones.keys(), ...others.keys()])].map((subject) => {
    const events: [ResourceEvent | null, ResourceEvent | null] = [
      ones.get(subject) ?? null,
      others.get(subject) ?? null,
    ]
    return { subject, events, same: isSame(withoutTime(events[0]), withoutTime(events[1])) }
  })
}

function bySubject(events: ResourceEvent[]) {
  return new Map(events.map((event) => [event.action ? `${event.action} ${event.id}` : event.id, event]))
}

function withoutTime(event: ResourceEvent | null) {
  return event && { ...event, durationMs: 0 }
}

type Resources = Map<string, CatalogResource>

/** None where the node has no catalog. */
function resourcesOf({ catalogs }: ApiParts, nodeId: string): Resources {
  const compiled = catalogs.of(nodeId)?.compiled
  const resources = compiled?.status === 'compiled' ? compiled.catalog.resources : []
  return new Map(resources.map((resource) => [idOf(resource), resource]))
}

function nodesBeside(first: FleetNode, second: FleetNode, [ones, others]: [Resources, Resources]): NodeComparison {
  const ids = [...new Set([...ones.keys(), ...others.keys()])]
  const resources = ids.flatMap((id) => resourceBeside(id, ones.get(id), others.get(id)))
  return {
    nodes: [first.name, second.name],
    facts: differing({ cluster: first.cluster, ...first.facts }, { cluster: second.cluster, ...second.facts }),
    roles: [first.roles, second.roles],
    attributes: differing(first.attributes, second.attributes),
    resources,
    same: ids.length - resources.length,
  }
}

function resourceBeside(
  id: string,
  one: CatalogResource | undefined,
  other: CatalogResource | undefined,
): NodeComparison['resources'] {
  if (!one || !other) return [{ id, of: one ? 'first' : 'second', props: [] }]
  const isSecret = one.sensitive === true || other.sensitive === true
  const props = differing(one.props, other.props).map((prop) => (isSecret ? { ...prop, values: secret } : prop))
  return props.length === 0 ? [] : [{ id, of: 'both', props }]
}

const secret: [unknown, unknown] = [withheld, withheld]

function differing(one: Record<string, unknown>, other: Record<string, unknown>) {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].toSorted().flatMap((name) => {
    const values: [unknown, unknown] = [one[name] ?? null, other[name] ?? null]
    return isSame(...values) ? [] : [{ name, values }]
  })
}

function isSame(one: unknown, other: unknown) {
  return JSON.stringify(one) === JSON.stringify(other)
}
