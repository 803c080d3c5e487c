import type { CatalogResource } from '../../protocol/catalog.ts'

/** Stands for what a sensitive resource holds. */
export const withheld = '(sensitive)'

/** A resource as people may see it: that it is there, and which props and guards it has. */
export function shownResource(resource: CatalogResource): CatalogResource {
  if (resource.sensitive !== true) return resource
  const { props, onlyIf, unless } = resource
  return {
    ...resource,
    props: Object.fromEntries(Object.keys(props).map((name) => [name, withheld])),
    ...(onlyIf && { onlyIf: [withheld] }),
    ...(unless && { unless: [withheld] }),
  }
}
