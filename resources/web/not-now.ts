import { setTimeout as pause } from 'node:timers/promises'
import type { Change } from '../../protocol/events.ts'

const everyMs = 500

/** Whoever is asked gives no answer that counts, but may in a moment. */
export class NotNow extends Error {}

/** Tries again while it is only not possible now, until `withinMs` after `since`. */
export async function until<Given>(what: string, within: Within, attempt: () => Promise<Given>) {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof NotNow)) throw error
      if (performance.now() + everyMs > within.since + within.ms)
        throw new Error(`Waited ${within.ms} ms for ${what} in vain: ${error.message}`, { cause: error })
    }
    await pause(everyMs)
  }
}

export interface Within {
  since: number
  ms: number
}

export function withinFromNow(ms: number): Within {
  return { since: performance.now(), ms }
}

/** Trouble is a difference too: whoever does not answer may come with what stands above. */
export function unanswered(why: string): Change[] {
  return [{ what: 'answer', from: why, to: 'how it is' }]
}

/** Why nobody answered, if nobody did. */
export function whyUnanswered(changes: Change[]) {
  return changes.find(({ what }) => what === 'answer')?.from ?? undefined
}
