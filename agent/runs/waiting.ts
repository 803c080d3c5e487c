import type { ResourceId } from '../../protocol/catalog.ts'
import type { Host } from '../../resources/host.ts'
import type { PreparedCatalog } from '../kept/kept-catalog.ts'
import { look } from './check.ts'
import type { Prepared } from './prepare.ts'
import { type HoldsBack, stanceOf } from './stance.ts'

/** What waits for other nodes in this run. */
export interface Waiting {
  /** Each gate that is closed, and why. */
  closed: Record<ResourceId, string>
  /** Holds back what comes after a closed gate in its recipe, and what requires something that is held back. */
  holdsBack: HoldsBack
}

/** What may not be changed now, by the policies of the catalog and by its gates. */
export async function heldBack({ head, prepared }: PreparedCatalog, host: Host, now: number): Promise<Waiting> {
  const [stance, waiting] = [await stanceOf(head, new Date(now)), await waitingIn(prepared, host)]
  return { closed: waiting.closed, holdsBack: (one) => stance(one) ?? waiting.holdsBack(one) }
}

/** Asked once per run, so that a run has one answer: what opens meanwhile has a run of its own. */
async function waitingIn(prepared: Prepared[], host: Host): Promise<Waiting> {
  const closed: Waiting['closed'] = {}
  const recipes = new Map<string, ResourceId>()
  const held = new Map<ResourceId, string>()
  const isAnyWaiting = prepared.some(({ type }) => type.waits)
  for (const one of isAnyWaiting ? prepared : []) {
    const { recipe, requires } = one.resource
    const above = recipes.get(recipe) ?? requires?.find((id) => held.has(id))
    const reason = above === undefined ? await whyClosed(one, host) : `it waits for ${above}`
    if (reason === undefined) continue
    held.set(one.id, reason)
    if (above !== undefined) continue
    closed[one.id] = reason
    recipes.set(recipe, one.id)
  }
  const holdsBack: HoldsBack = ({ id }) => {
    const reason = id && held.get(id)
    return reason === undefined ? undefined : { outcome: 'deferred', reason }
  }
  return { closed, holdsBack }
}

async function whyClosed(one: Prepared, host: Host) {
  if (!one.type.waits) return undefined
  const finding = await look(one, host)
  if (finding.is === 'as-wanted') return undefined
  return finding.is === 'unreadable' ? finding.error.message : finding.changes.map(({ from }) => from).join('; ')
}
