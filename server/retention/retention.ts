import { setTimeout as pause } from 'node:timers/promises'
import type { Happenings } from '../happenings.ts'
import { oneAfterAnother } from '../one-after-another.ts'
import { type Forgettable, forgettable, type RetentionStore } from '../store/retention.ts'
import type { Limits, Policy } from './policy.ts'

export interface RetentionParts {
  store: RetentionStore
  happenings: Happenings
  clock: () => number
  failed: (error: unknown) => void
}

const everyMs = 60_000
/** So long others wait at most for what is forgotten at a time, and so long they have before the next. */
const [workMs, restMs] = [1, 20]

/** Forgets, a little at a time, what the policy keeps no longer. */
export function createRetention(parts: RetentionParts, policy: Policy) {
  const closed = new AbortController()
  const look = oneAfterAnother(async () => {
    for (const kind of forgettable) {
      const limits = policy[kind]
      if (limits) await forget(parts, kind, limits, closed.signal)
    }
  })
  const looks = setInterval(() => void look().catch(parts.failed), everyMs)
  looks.unref()
  return {
    look,
    begin: () => void look().catch(parts.failed),
    /** What is under way is let finish. */
    close: async () => {
      clearInterval(looks)
      closed.abort()
      await look()
    },
  }
}

async function forget(
  { store, happenings, clock }: RetentionParts,
  kind: Forgettable,
  limits: Limits,
  signal: AbortSignal,
) {
  const { ageMs, newest } = limits
  const keep = { since: ageMs === undefined ? undefined : clock() - ageMs, newest }
  let count = 0
  let isDone = false
  while (!isDone && !signal.aborted) {
    const done = await store.forget(kind, keep, workMs)
    count += done.forgotten
    isDone = done.isDone
    if (!isDone) await pause(restMs)
  }
  if (count > 0) happenings.emit('forgotten', { kind, count })
}
