import { setTimeout as delay } from 'node:timers/promises'
import type { Notification, ResourceId } from '../../protocol/catalog.ts'
import type { ResourceEvent } from '../../protocol/events.ts'
import { failure, standardRetryDelayMs } from './apply.ts'
import type { Converging } from './converge.ts'
import type { ResourceType } from '../../resources/define.ts'
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
    const { event, isOver } = await settle(owed, one, byId, converging)
    if (isOver) journal.settle(owed)
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

interface Settled {
  event: ResourceEvent
  /** It is owed no longer. */
  isOver: boolean
}

async function settle(
  { action, target }: Notification,
  one: Prepared | undefined,
  byId: Map<ResourceId, Prepared>,
  converging: Converging,
): Promise<Settled> {
  const about = { id: target, action, recipe: one?.resource.recipe ?? '', durationMs: 0 }
  const done = one?.type.actions?.[action]
  if (!one || !done) {
    const reason = `${target} is no longer in the catalog, or has no ${action}`
    return { event: { outcome: 'skipped', ...about, reason }, isOver: true }
  }
  const reason = converging.holdsBack(one)?.reason ?? (await withoutLease(action, one, converging))
  if (reason !== undefined) return { event: { outcome: 'deferred', ...about, reason }, isOver: false }
  const event = await act(action, one, done, converging)
  if (event.outcome !== 'changed') return { event, isOver: false }
  const trouble = await afterwards(action, one, byId, converging)
  return { event: trouble ? { ...failure(one, [], trouble, event.durationMs), action } : event, isOver: true }
}

/** Why a lease that the action needs is not to be had now. */
async function withoutLease(action: string, { id, resource: { lease } }: Prepared, { leases, host }: Converging) {
  if (!lease) return undefined
  const reason = await leases.take(lease, `${action} ${id}`, host)
  return reason === undefined ? undefined : `it waits for a lease of group ${lease.group}: ${reason}`
}

async function act(
  action: string,
  one: Prepared,
  done: NonNullable<ResourceType['actions']>[string],
  { host, changing }: Converging,
): Promise<ResourceEvent> {
  const startedAt = performance.now()
  const about = { id: one.id, action, recipe: one.resource.recipe }
  try {
    if (one.want instanceof UnreadableProps) throw one.want
    begin(changing)
    faultPoint('owed.acting')
    await tryAction(one, () => done(one.resource.name, host, one.want), host)
    faultPoint('owed.acted')
    return { outcome: 'changed', ...about, durationMs: since(startedAt), changes: [] }
  } catch (error) {
    return { ...failure(one, [], asError(error), since(startedAt)), action }
  } finally {
    host.changed()
  }
}

async function tryAction({ resource }: Prepared, work: () => Promise<void>, host: Converging['host']) {
  for (let retries = resource.retries ?? 0; ; retries--) {
    host.limit(resource.timeoutMs)
    try {
      return await work()
    } catch (error) {
      if (retries <= 0) throw error
      await delay(resource.retryDelayMs ?? standardRetryDelayMs)
      host.changed()
    } finally {
      host.limit(undefined)
    }
  }
}

/** Gives the lease back once all is well again. Where that does not come, it stays held, so that no other node follows. */
async function afterwards(
  action: string,
  { type, resource: { lease } }: Prepared,
  byId: Map<ResourceId, Prepared>,
  { leases, host }: Converging,
) {
  // After what ends the run, nobody can look here.
  if (!lease || type.by === action) return undefined
  const probe = lease.until === undefined ? undefined : byId.get(lease.until)
  try {
    await probe?.type.apply(probe.resource.name, probe.want, host, [])
    leases.giveBack(lease.group)
    return undefined
  } catch (error) {
    return new Error(
      `it was done, but what it stands for is not well: ${messageOf(error)}. ` +
        `The lease of group ${lease.group} stays held, so that no other node follows, until ${lease.until} is well.`,
    )
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
