import { ApiFault } from './api/fault.ts'

/** Counts refusals within a while by address or whatever else may be too many, so that guessing and broken scripts cost little. */
export function createRefusals(clock: () => number, limit = 30, windowMs = 60_000) {
  const refused = new Map<string, number>()
  let until = 0

  function count(of: string) {
    if (clock() >= until) {
      refused.clear()
      until = clock() + windowMs
    }
    return refused.get(of) ?? 0
  }

  /** `wrong tokens from this address` */
  function fault(what: string) {
    const retryAfterMs = Math.max(0, until - clock())
    const seconds = Math.ceil(retryAfterMs / 1000)
    return new ApiFault('too-many-attempts', `Too many ${what}. Wait ${seconds} s.`, { retryAfterMs })
  }

  return {
    /** Takes note of one more; whether that is too many. */
    exceed(of: string) {
      const now = count(of) + 1
      refused.set(of, now)
      return now > limit
    },
    /** Refuses even what may be right, once there were as many as may be. */
    requireFew(of: string, what: string) {
      if (count(of) >= limit) throw fault(what)
    },
    fault,
  }
}
export type Refusals = ReturnType<typeof createRefusals>
