import type { ResourceId } from '../../protocol/catalog.ts'
import type { Prepared } from './prepare.ts'

/** Which recipes and resources a failure has taken with it: the rest of its recipe, and what requires it. */
export class Failures {
  readonly #recipes = new Map<string, ResourceId>()
  readonly #resources = new Set<ResourceId>()

  /** A failure that the recipe says to ignore takes only what requires it. */
  add({ id, resource }: Prepared) {
    this.#resources.add(id)
    if (resource.ignoreFailure) return
    if (!this.#recipes.has(resource.recipe)) this.#recipes.set(resource.recipe, id)
  }

  skip({ id }: Prepared) {
    this.#resources.add(id)
  }

  /** Why the resource is to be skipped, if it is. */
  reasonToSkip({ resource }: Prepared) {
    const { before, required } = this.#above(resource)
    if (before !== undefined) return `${before} failed before it in recipe ${resource.recipe}`
    return required === undefined ? undefined : `it requires ${required}, which failed or was skipped`
  }

  /** The same, where it is not known whether they fail. */
  reasonForDoubt({ resource }: Prepared) {
    const { before, required } = this.#above(resource)
    if (before !== undefined) return `it is skipped if ${before} fails before it in recipe ${resource.recipe}`
    return required === undefined ? undefined : `it is skipped if ${required}, which it requires, fails or is skipped`
  }

  #above({ recipe, requires }: Prepared['resource']) {
    return { before: this.#recipes.get(recipe), required: requires?.find((id) => this.#resources.has(id)) }
  }
}
