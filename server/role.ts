import type { Window } from '../protocol/catalog.ts'

export interface RoleDefinition {
  /** One sentence for `role list`. */
  description?: string
  /** Names of recipes; they run in this order. */
  recipes: string[]
  /** By recipe, over the recipe's defaults: `{ zookeeper: { tickTime: 5000 } }`. */
  attributes?: Record<string, Record<string, unknown>>
  /** What its recipes manage is watched, and drift repaired as it happens. */
  watch?: true
  /** What differs is reported, and nothing is changed. */
  audit?: true
  /** Changes are made only then: `{ cron: '0 2 * * 6', minutes: 120, timezone: 'Europe/Prague' }`. */
  window?: Window
  /** How long a run may take on a node with the role; of several roles the smallest counts. */
  runDeadlineMs?: number
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
