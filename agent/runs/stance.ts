import type { Catalog, CatalogResource, Disabled, ResourceId, Window } from '../../protocol/catalog.ts'
import type { CatalogHead } from '../kept/kept-catalog.ts'
import { nextOpening } from './window.ts'

/** Why a resource that differs is left as it is in this run: it is only audited, or its time has not come. */
interface HeldBack {
  outcome: 'would-change' | 'deferred'
  reason: string
}

export const onlyAudited = 'this node is only audited'

/** Of a thing that has left the catalog only the recipe is known. */
export type HoldsBack = (one: {
  id?: ResourceId
  resource: Pick<CatalogResource, 'recipe' | 'audit'>
}) => HeldBack | undefined

/** What the policies of a catalog say at this moment. It is asked once per run, so that a run has one answer. */
export async function stanceOf({ audit, policies = {} }: CatalogHead, now: Date): Promise<HoldsBack> {
  const closed = new Map<string, string>()
  for (const [recipe, { window }] of Object.entries(policies)) {
    const opensAt = window && (await whenItOpens(window, now))
    if (opensAt !== undefined) closed.set(recipe, opensAt)
  }
  return ({ resource }) => {
    const { recipe } = resource
    if (audit) return { outcome: 'would-change', reason: onlyAudited }
    if (policies[recipe]?.audit) return { outcome: 'would-change', reason: `recipe ${recipe} is only audited` }
    if (resource.audit) return { outcome: 'would-change', reason: 'it is only audited' }
    const opensAt = closed.get(recipe)
    return opensAt === undefined
      ? undefined
      : { outcome: 'deferred', reason: `outside the maintenance window, which opens ${opensAt}` }
  }
}

/** Undefined while the window is open; otherwise when it opens next, in words. */
async function whenItOpens(window: Window, now: Date) {
  // One that opened exactly `minutes` ago is over.
  const opening = await nextOpening(window, now.getTime() - window.minutes * 60_000)
  if (opening === undefined) return 'never again'
  return opening <= now.getTime() ? undefined : `at ${new Date(opening).toISOString()}`
}

/** Why this node makes no changes now, if it is disabled. */
export function whyDisabled({ disabled }: Pick<Catalog, 'disabled'>, now: number) {
  if (!disabled || (disabled.until !== undefined && disabled.until <= now)) return undefined
  return `this node is disabled by ${disabled.by}${untilText(disabled)}: ${disabled.reason}`
}

function untilText({ until }: Disabled) {
  return until === undefined ? '' : ` until ${new Date(until).toISOString()}`
}
