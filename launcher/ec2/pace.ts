import { setTimeout as wait } from 'node:timers/promises'
import { CommandError } from '../../cli/command.ts'
import { AwsError, isThrottled, isUnknownToAws } from './errors.ts'

/** How patient we are with AWS. Tests are in a hurry. */
export interface Pace {
  /** Between two looks at what is to change. */
  pollMs: number
  /** How long what was just made may stay unknown, and what was just changed may look as before. */
  settleMs: number
  /** How long a change of state may take. */
  changeMs: number
  /** The first pause before a call is made again; each further one is twice as long. */
  backoffMs: number
  /** How often a call is made at most. */
  attempts: number
}

export const usualPace: Pace = { pollMs: 3000, settleMs: 120_000, changeMs: 600_000, backoffMs: 500, attempts: 8 }

const longestBackoffMs = 20_000

/** Makes a call that tells its failures by AwsErrors, and again where `mayRepeat` one. Throttling is always waited out. */
export async function insist<T>(
  ask: () => Promise<T>,
  pace: Pace,
  mayRepeat: (error: AwsError) => boolean = () => false,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      const isWorthIt = error instanceof AwsError && (isThrottled(error) || mayRepeat(error))
      if (!isWorthIt || attempt >= pace.attempts) throw error
      const longest = Math.min(pace.backoffMs * 2 ** (attempt - 1), longestBackoffMs)
      await wait(longest * (0.5 + Math.random() / 2))
    }
  }
}

/** Makes a call on what was made lately: AWS may not know it yet. */
export async function onceKnown<T>(ask: () => Promise<T>, pace: Pace, isTooEarly = isUnknownToAws): Promise<T> {
  const deadline = performance.now() + pace.settleMs
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!isTooEarly(error) || performance.now() > deadline) throw error
      await wait(pace.pollMs)
    }
  }
}

/** Looks for what was made lately; undefined after the time that AWS may not tell of it. */
export async function untilSeen<T>(
  look: () => Promise<T | undefined>,
  { pollMs, settleMs }: Pace,
): Promise<T | undefined> {
  const deadline = performance.now() + settleMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined || performance.now() > deadline) return seen
    await wait(pollMs)
  }
}

/** Looks again and again until there is an answer; after the deadline `awaited` tells what was waited for. */
export async function awaitChange<T>(
  look: () => Promise<T | undefined>,
  awaited: () => string,
  { pollMs, changeMs }: Pace,
): Promise<T> {
  const deadline = performance.now() + changeMs
  for (;;) {
    const answer = await look()
    if (answer !== undefined) return answer
    if (performance.now() > deadline)
      throw new CommandError(`Waited ${Math.round(changeMs / 1000)} s in vain for ${awaited()}. Ask again to wait on.`)
    await wait(pollMs)
  }
}
