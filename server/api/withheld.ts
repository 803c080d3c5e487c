import type { CatalogResource } from '../../protocol/catalog.ts'

/** Stands for what a sensitive resource holds. */
export const withheld = '(sensitive)'

/** A resource as people may see it: that it is there, and which props it has. */
export function shownResource(resource: CatalogResource): CatalogResource {
  if (resource.sensitive !== true) return resource
  return { ...resource, props: Object.fromEntries(Object.keys(resource.props).map((name) => [name, withheld])) }
}
