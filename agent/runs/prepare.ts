import { z } from 'zod'
import { describeIssues } from '../../protocol/describe-issue.ts'
import { type Catalog, type CatalogResource, idOf, type ResourceId } from '../../protocol/catalog.ts'
import type { ResourceType } from '../../resources/define.ts'

export type ResourceTypes = Record<string, ResourceType>

/** A resource of the catalog with its type found and its props read: what every pass over the catalog works on. */
export interface Prepared {
  id: ResourceId
  resource: CatalogResource
  type: ResourceType
  want: unknown
}

/**
 * Done once per catalog. A type that is unknown here, or is an error, fails by itself when its turn comes, not the whole catalog.
 * `read already`: the props are what these very schemas gave before.
 */
export function prepare(
  catalog: Catalog,
  types: Record<string, ResourceType | Error>,
  props: 'unread' | 'read already' = 'unread',
): Prepared[] {
  return catalog.resources.map((resource) => {
    const type = types[resource.type] ?? unknownType(resource.type)
    if (type instanceof Error) return withoutType(resource, type)
    const want = props === 'unread' ? readProps(type, resource) : resource.props
    return { id: idOf(resource), resource, type, want }
  })
}

/** What each event of a resource says, before it is known how long it took. */
export function about({ id, resource: { recipe } }: Prepared) {
  return { id, recipe, durationMs: 0 }
}

/** All units whose state the checks will ask for. */
export function unitsOf(prepared: Prepared[]) {
  return prepared.flatMap(({ type, resource }) => type.units?.(resource.name) ?? [])
}

function readProps(type: ResourceType, resource: CatalogResource) {
  const read = type.props.safeParse(resource.props)
  if (read.success) return read.data
  const problems = describeIssues(read.error).join('; ')
  return new UnreadableProps(`this agent cannot read it: ${problems}. Is the agent older than the server?`)
}

/** Stands where props should be; the resource fails with its message when its turn comes. */
export class UnreadableProps extends Error {}

function unknownType(type: string) {
  return new Error(`this agent knows no resource type ${type}. Is it older than the server?`)
}

function withoutType(resource: CatalogResource, why: Error): Prepared {
  const refuse = () => {
    throw why
  }
  const type = { type: resource.type, summary: '', props: z.unknown(), name: z.string(), check: refuse, apply: refuse }
  return { id: idOf(resource), resource, type, want: new UnreadableProps(why.message) }
}
