import { RateLimiterMemory } from 'rate-limiter-flexible'
import type { Code } from '../protocol/api/codes.ts'
import { ApiFault } from './api/fault.ts'

export interface Rate {
  most: number
  withinMs: number
}

/** Counts by user, address or whatever else may ask or fail too often, so that guessing and broken scripts cost little. */
export function createRateLimit(code: Code, { most, withinMs }: Rate) {
  const counts = new RateLimiterMemory({ points: most, duration: withinMs / 1000 })

  function refuse(what: string, retryAfterMs: number): never {
    throw new ApiFault(code, `Too many ${what}. Wait ${Math.ceil(retryAfterMs / 1000)} s.`, { retryAfterMs })
  }

  return {
    /** Takes note of one more, which is refused when there were as many as may be. `what`: `wrong tokens from this address`. */
    async take(of: string, what: string) {
      const { consumedPoints, msBeforeNext } = await counts.penalty(of)
      if (consumedPoints > most) refuse(what, msBeforeNext)
    },
    async note(of: string) {
      await counts.penalty(of)
    },
    /** Refuses even what may be right, once there were as many as may be. */
    async requireFew(of: string, what: string) {
      const counted = await counts.get(of)
      if (counted && counted.consumedPoints >= most && counted.msBeforeNext > 0) refuse(what, counted.msBeforeNext)
    },
  }
}

/** How often one may ask the API in a minute. */
export interface RequestLimits {
  /** Each user. */
  user: number
  /** Each address, for who is not known yet. */
  unknown: number
}

export const usualLimits: RequestLimits = { user: 10_000, unknown: 300 }

export function createRateLimits({ user, unknown }: RequestLimits) {
  const withinMs = 60_000
  return {
    users: createRateLimit('too-many-requests', { most: user, withinMs }),
    unknown: createRateLimit('too-many-requests', { most: unknown, withinMs }),
    refusals: createRateLimit('too-many-attempts', { most: 30, withinMs }),
    signIns: createRateLimit('too-many-attempts', { most: 10, withinMs: 5 * withinMs }),
  }
}
export type RateLimits = ReturnType<typeof createRateLimits>
