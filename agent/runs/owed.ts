import type { Notification, ResourceId } from '../../protocol/catalog.ts'
import type { ResourceEvent } from '../../protocol/events.ts'
import { failure } from './apply.ts'
import type { Converging } from './converge.ts'
import { faultPoint } from '../../resources/fault-points.ts'
import { keyOf } from '../kept/journal.ts'
import { type Prepared, UnreadableProps } from './prepare.ts'
import { asError, messageOf } from '../../protocol/errors.ts'

/**
 * Does what is owed to the resources that `among` says, in the order first asked for, and `tried` remembers what failed, so that a run tries it once.
 * What succeeds is crossed out; the rest stays owed for the next run, as all does when the run is cancelled.
 */
export async function settleOwed(
  prepared: Prepared[],
  converging: Converging,
  tried: Set<string>,
  among: (target: Prepared | undefined) => boolean = () => true,
) {
  const { journal, signal } = converging
  // What an action reads is durable before the journal says that it was done.
  converging.host.files.sync()
  if (journal.owed.length === 0) return []
  const failed: Prepared[] = []
  const byId = new Map<ResourceId, Prepared>(prepared.map((one) => [one.id, one]))
  for (const owed of lastThingsLast(journal.owed, byId)) {
    const one = byId.get(owed.target)
    if (signal.aborted || tried.has(keyOf(owed)) || !among(one)) continue
    const event = await act(owed, one, converging)
    if (event.outcome === 'changed' || event.outcome === 'skipped') journal.settle(owed)
    else tried.add(keyOf(owed))
    if (event.outcome === 'failed' && one) failed.push(one)
    faultPoint('owed.settled')
    converging.report(event)
  }
  return failed
}

/** In the order first asked for; what ends the run, as a reboot does, after all else. */
export function lastThingsLast(owed: Notification[], byId: Map<ResourceId, Prepared>) {
  const isLast = ({ action, target }: Notification) => byId.get(target)?.type.by === action
  return [...owed.filter((one) => !isLast(one)), ...owed.filter(isLast)]
}

async function act(
  { action, target }: Notification,
  one: Prepared | undefined,
  { host, changing, holdsBack }: Converging,
): Promise<ResourceEvent> {
  const startedAt = performance.now()
  const about = { id: target, action, recipe: one?.resource.recipe ?? '' }
  const done = one?.type.actions?.[action]
  if (!one || !done) {
    return {
      outcome: 'skipped',
      ...about,
      durationMs: 0,
      reason: `${target} is no longer in the catalog, or has no ${action}`,
    }
  }
  const held = holdsBack(one)
  if (held) return { outcome: 'deferred', ...about, durationMs: 0, reason: held.reason }
  host.limit(one.resource.timeoutMs)
  try {
    if (one.want instanceof UnreadableProps) throw one.want
    begin(changing)
    faultPoint('owed.acting')
    await done(one.resource.name, host, one.want)
    faultPoint('owed.acted')
    return { outcome: 'changed', ...about, durationMs: since(startedAt), changes: [] }
  } catch (error) {
    return { ...failure(one, [], asError(error), since(startedAt)), action }
  } finally {
    host.limit(undefined)
    host.changed()
  }
}

// What could not be crossed out afterwards would be done in every run.
function begin(changing: () => void) {
  try {
    changing()
  } catch (cause) {
    throw new Error(`it was not done, since the journal cannot be written: ${messageOf(cause)}`, { cause })
  }
}

function since(startedAt: number) {
  return Math.round(performance.now() - startedAt)
}
