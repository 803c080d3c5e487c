import { type CatalogResource, idOf, type ResourceId } from '../../protocol/catalog.ts'
import { suggest } from '../suggest.ts'
import type { Draft } from './draft.ts'

/** What each type can be notified to do. */
export type ActionsByType = Map<string, string[]>

type Resources = Map<ResourceId, CatalogResource>

/** Notifications to what is not there or cannot do it, and requirements that the order does not meet. */
export function checkLinks(resources: Resources, actions: ActionsByType) {
  const seen = new Set<ResourceId>()
  return [...resources].flatMap(([id, resource]) => {
    const wrong = [
      ...notificationErrors(resource, resources, actions),
      ...requirementErrors(resource, resources, seen),
      ...leaseErrors(resource, resources, actions),
    ]
    seen.add(id)
    return wrong.map((text) => `${resource.declaredAt}: ${id} ${text}`)
  })
}

/** Of a file that one resource gives as a whole, another can give nothing, and edit no part: each would undo what the other did. */
export function checkOwners({ resources, managed }: Pick<Draft, 'resources' | 'managed'>) {
  const owners = new Map<string, ResourceId>()
  for (const [id, { owns }] of managed) for (const path of owns) if (!owners.has(path)) owners.set(path, id)
  return [...resources].flatMap(([id, { declaredAt }]) => {
    const { owns = [], edits } = managed.get(id) ?? {}
    return [...owns, ...(edits === undefined ? [] : [edits])].flatMap((path) => {
      const owner = owners.get(path)
      if (owner === undefined || owner === id) return []
      const where = `which ${owner} gives as a whole, at ${resources.get(owner)?.declaredAt}`
      const what = path === edits ? `changes a part of ${path}` : `gives all of ${path}`
      return [`${declaredAt}: ${id} ${what}, ${where}; say it there, or leave the content to one of the two`]
    })
  })
}

function notificationErrors({ notifies }: CatalogResource, resources: Resources, actions: ActionsByType) {
  return notifies.flatMap(({ action, target }) => {
    const found = resources.get(target)
    if (!found) return [`notifies ${missing(target, resources)}`]
    const can = actions.get(found.type) ?? []
    return can.includes(action)
      ? []
      : [`notifies ${target} to ${action}, which a ${found.type} cannot do. ${suggest(action, can)}`]
  })
}

function requirementErrors({ requires = [] }: CatalogResource, resources: Resources, seen: Set<ResourceId>) {
  return requires.flatMap((target) => {
    if (seen.has(target)) return []
    const found = resources.get(target)
    return [
      found
        ? `requires ${idOf(found)}, which comes after it, at ${found.declaredAt}; declare that first`
        : `requires ${missing(target, resources)}`,
    ]
  })
}

function leaseErrors({ type, lease }: CatalogResource, resources: Resources, actions: ActionsByType) {
  if (!lease) return []
  const { until, from } = lease
  const none = (actions.get(type) ?? []).length === 0
  return [
    ...(none ? [`has a lease, but a ${type} has no actions, and only those need one. Leave it out.`] : []),
    ...(until === undefined || resources.get(until)?.type === 'probe'
      ? []
      : [`has a lease until ${resources.has(until) ? `${until}, which is no probe` : missing(until, resources)}`]),
    ...(from === undefined || resources.get(from)?.type === 'gate'
      ? []
      : [`has a lease from ${resources.has(from) ? `${from}, which is no gate` : missing(from, resources)}`]),
  ]
}

function missing(target: ResourceId, resources: Resources) {
  const type = target.slice(0, target.indexOf('['))
  const same = [...resources.keys()].filter((id) => id.startsWith(`${type}[`))
  const near = suggest(target, same)
  const hint = near.startsWith('Did you mean') ? ` ${near}` : ''
  return `${target}, which this node does not have. Of type ${type} it has: ${same.join(', ') || 'none'}.${hint}`
}
