import { type Catalog, type CatalogResource, idOf } from '../../../protocol/catalog.ts'
import { resourceTypes } from '../../../resources/index.ts'
import { addBlob, addResource, type Declarable, type Draft } from '../../../server/compile/draft.ts'
import { checkLinks, checkOwners } from '../../../server/compile/links.ts'
import { tellManaged } from '../../../server/compile/managed.ts'
import type { Declared } from './generate.ts'

const types: Declarable[] = Object.values(resourceTypes)
const typeOf = (name: string) => types.find(({ type }) => type === name)
const actionsOf = new Map(types.map(({ type, actions = {} }) => [type, Object.keys(actions)]))

export interface Compiled {
  catalog: Catalog
  blobs: Map<string, Buffer>
}

/** The catalog of these, without those that the compiler would refuse. */
export function catalogOf(node: string, declared: Declared[]): Compiled {
  const kept: Declared[] = []
  for (const one of declared) if (draftOf([...kept, one]).errors.length === 0) kept.push(one)
  const { resources, blobs, errors } = draftOf(kept.map((one, at) => linked(one, at, kept)))
  if (errors.length > 0) throw new Error(errors.join('\n'))
  return { catalog: { node, resources }, blobs }
}

function draftOf(declared: Declared[]) {
  const draft: Draft = { resources: new Map(), blobs: new Map(), managed: new Map(), errors: [] }
  for (const { recipe, type, name, props } of declared) {
    const found = typeOf(type)
    if (!found) throw new Error(`there is no type ${type}`)
    addResource(draft, found, { name, given: withContent(props, draft), recipe, declaredAt: `recipes/${recipe}:1` })
  }
  const between = [...checkLinks(draft.resources, actionsOf), ...checkOwners(draft), ...tellManaged(draft, types)]
  const resources: CatalogResource[] = [...draft.resources.values()]
  return { resources, blobs: draft.blobs, errors: [...draft.errors, ...between] }
}

function withContent({ content, ...props }: Record<string, unknown>, draft: Draft) {
  if (content === undefined || content === null || typeof content !== 'object') return { ...props, content }
  const files = Object.entries(content).map(([path, text]) => [path, addBlob(draft, String(text))])
  return { ...props, content: Object.fromEntries(files) }
}

function linked(one: Declared, at: number, all: Declared[]): Declared {
  const { requires, notifies, props } = one
  const before = all.slice(0, at).map(idOf)
  const actors = all.filter((other) => other !== one && (actionsOf.get(other.type) ?? []).length > 0)
  const required = requires === undefined ? undefined : before[requires % Math.max(1, before.length)]
  const actor = notifies === undefined ? undefined : actors[notifies % Math.max(1, actors.length)]
  const can = actor ? (actionsOf.get(actor.type) ?? []) : []
  const action = can[(notifies ?? 0) % Math.max(1, can.length)]
  return {
    ...one,
    props: {
      ...props,
      ...(required && { requires: [required] }),
      ...(actor && action && { notifies: { [action]: idOf(actor) } }),
    },
  }
}
