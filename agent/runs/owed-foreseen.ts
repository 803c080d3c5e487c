import type { LeaseRule, Notification, ResourceId } from '../../protocol/catalog.ts'
import type { ResourceEvent } from '../../protocol/events.ts'
import { Unforeseeable } from '../../resources/host.ts'
import { failure } from './apply.ts'
import { keyOf } from '../kept/journal.ts'
import { lastThingsLast } from './owed.ts'
import type { Prepared } from './prepare.ts'
import { errorOf, type Planned, type Planning } from './try-out.ts'

/** What a plan foresees to be owed at the end of the run. */
export class ForeseenOwed {
  readonly #asked: Map<string, Notification>
  /** Why it is not known whether it comes to be owed. */
  readonly #doubts = new Map<string, string>()

  constructor(owed: Notification[]) {
    this.#asked = new Map(owed.map((notification) => [keyOf(notification), notification]))
  }

  /** What the resource asks for, and makes needless. */
  note({ one, event, changes, hasBegun }: Planned) {
    const { outcome } = event
    if (outcome === 'skipped' || (outcome === 'failed' && !hasBegun)) return
    const own = one.type.by === undefined ? [] : [{ action: one.type.by, target: one.id }]
    const notifications = [...one.resource.notifies, ...(outcome === 'deferred' || outcome === 'unknown' ? own : [])]
    const isSure = outcome !== 'unknown' && !('proviso' in event)
    if (!isSure) return this.#noteUnsure(one, notifications)
    // What is to be started anyway needs no restart for what stands above it.
    for (const action of (outcome === 'failed' ? undefined : one.type.satisfies?.(changes)) ?? [])
      this.#asked.delete(keyOf({ action, target: one.id }))
    for (const notification of notifications) {
      this.#asked.set(keyOf(notification), notification)
      this.#doubts.delete(keyOf(notification))
    }
  }

  #noteUnsure(one: Prepared, notifications: Notification[]) {
    const why = `it is not known whether ${one.id} is made`
    if (one.type.satisfies)
      for (const [key, { target }] of this.#asked) if (target === one.id) this.#doubts.set(key, why)
    for (const notification of notifications) {
      const key = keyOf(notification)
      if (this.#asked.has(key)) continue
      this.#asked.set(key, notification)
      this.#doubts.set(key, why)
    }
  }

  /** In the order to come, each tried out on what is foreseen. */
  async *events(prepared: Prepared[], planning: Planning): AsyncGenerator<ResourceEvent> {
    const recipes = new Map<ResourceId, Prepared>(prepared.map((one) => [one.id, one]))
    for (const notification of lastThingsLast([...this.#asked.values()], recipes)) {
      const doubt = this.#doubts.get(keyOf(notification))
      yield await eventOf(notification, recipes.get(notification.target), doubt, planning)
    }
  }
}

async function eventOf(
  { action, target }: Notification,
  one: Prepared | undefined,
  doubt: string | undefined,
  { holdsBack, host }: Planning,
): Promise<ResourceEvent> {
  const about = { id: target, action, recipe: one?.resource.recipe ?? '', durationMs: 0 }
  const unknown = (reason: string): ResourceEvent => ({ outcome: 'unknown', ...about, reason })
  if (doubt !== undefined) return unknown(doubt)
  if (!one?.type.actions?.[action])
    return { outcome: 'skipped', ...about, reason: `${target} is no longer in the catalog, or has no ${action}` }
  const { lease } = one.resource
  const held = holdsBack(one)
  if (held) return { outcome: 'deferred', ...about, reason: held.reason }
  const { found: error, mayCome } = await host.watch(() =>
    errorOf(async () => one.type.actionEffects?.(action, one.resource.name, one.want, host)),
  )
  if (!error) return { outcome: 'would-change', ...about, changes: [], ...(lease && { proviso: provisoOf(lease) }) }
  if (error instanceof Unforeseeable) return unknown(error.message)
  if (mayCome) return unknown(`it fails unless ${host.brought.join(', ')} brings what it needs: ${error.message}`)
  return { ...failure(one, [], error, 0), action }
}

function provisoOf({ group, max }: LeaseRule) {
  return `once it has a lease of group ${group}: ${max} of its nodes at a time`
}
