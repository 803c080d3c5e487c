export interface RoleDefinition {
  /** One sentence for `role list`. */
  description?: string
  /** Names of recipes; they run in this order. */
  recipes: string[]
  /** By recipe, over the recipe's defaults: `{ zookeeper: { tickTime: 5000 } }`. */
  attributes?: Record<string, Record<string, unknown>>
}

/** What the default export of `roles/NAME.ts` must be. */
export class RoleSource {
  readonly definition: RoleDefinition

  constructor(definition: RoleDefinition) {
    this.definition = definition
  }
}

export function defineRole(definition: RoleDefinition) {
  return new RoleSource(definition)
}
